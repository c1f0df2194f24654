/**
 * Router Solicitations (RFC 4861 4.1). Pure.
 *
 * @module
 */

const ROUTER_SOLICITATION = 133;
const SOURCE_LINK_LAYER_ADDRESS = 1;

/**
 * The ICMPv6 message, checksum 0: the kernel fills it in (RFC 3542 3.1).
 *
 * @param hardwareAddress The sending interface's, for the Source Link-layer Address option; a link that has none
 *   (a tunnel) sends no option.
 */
export function routerSolicitation(hardwareAddress: Uint8Array): Uint8Array {
  const optionSize = hardwareAddress.length === 0
    ? 0
    : Math.ceil((2 + hardwareAddress.length) / 8) * 8;
  const message = new Uint8Array(8 + optionSize);
  message[0] = ROUTER_SOLICITATION;
  if (optionSize > 0) {
    message.set([SOURCE_LINK_LAYER_ADDRESS, optionSize / 8], 8);
    message.set(hardwareAddress, 10);
  }
  return message;
}
