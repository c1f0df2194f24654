/**
 * D-Bus messages: from the system bus and whoever may send on it.
 *
 * @module
 */

import assert from "node:assert/strict";
import {
  completeTypes,
  decodeMessage,
  encodeMessage,
  MalformedMessageError,
  MESSAGE_SIZE_MAX,
  messageLength,
} from "../../../lib/dbus/message.ts";
import { parseConfiguration } from "../../../lib/sources/network_manager.ts";
import { busBytes, conversation } from "../../sources/host_sample.ts";
import { bytesOf, type FuzzTarget, textOf } from "../target.ts";

const isMalformed = (error: unknown) => error instanceof MalformedMessageError;

/** The messages of recorded conversations, each for itself. */
function messages(): Uint8Array[] {
  const recorded = [
    "systemd_networkd_252/describe_conversation.json",
    "network_manager_1.42/configuration_conversation.json",
    "dbus_daemon_1.14/service_unknown_conversation.json",
  ].map((path) => busBytes(conversation(path)));
  return recorded.flatMap((bytes) => {
    const found: Uint8Array[] = [];
    // Behind the lines of the authentication.
    let at = bytes.findIndex((byte, i) => byte === 0x6c && bytes[i + 3] === 1 && i > 0);
    while (at >= 0 && at + 16 <= bytes.length) {
      const length = messageLength(bytes.subarray(at));
      found.push(bytes.slice(at, at + length));
      at += length;
    }
    assert.ok(found.length > 0);
    return found;
  });
}

/** Those of this room. */
export const targets: FuzzTarget[] = [
  {
    name: "dbus-message",
    seeds: messages,
    read: (bytes) => {
      if (bytes.length >= 16) assert.ok(messageLength(bytes) <= MESSAGE_SIZE_MAX);
      const message = decodeMessage(bytes);
      const { signature, body } = message;
      const again = encodeMessage({ type: 2, flags: 0, serial: 1, signature, body });
      assert.deepEqual(decodeMessage(again).body, body, "what is written is read back");
      // NetworkManager's answer, whatever stands in its place.
      return { message, configuration: parseConfiguration(body) };
    },
    refuses: isMalformed,
    words: ["nameservers", "domains", "interface", "a{sv}", "aa{sv}", "v", "()", "ay"],
    // An empty array of arrays is four bytes, and each has an object.
    growth: 64,
  },
  {
    name: "dbus-signature",
    seeds: () => bytesOf("aa{sv}", "a{s(ayv)}", "(a(yv)x)", "ybnqiuxtdhsogv", "a{yv}"),
    read: (bytes) => {
      const text = textOf(bytes);
      const types = completeTypes(text);
      assert.equal(types.join(""), text);
      return types;
    },
    refuses: isMalformed,
    words: ["a{", "}", "(", ")", "a", "v"],
  },
];
