/**
 * An authority of our own and a server's certificate, made by openssl(1) and gone with the directory.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a server and a client that trusts it need, all PEM. */
export interface Certificates {
  ca: string;
  cert: string;
  key: string;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** What is wrong with a certificate. */
export type Flaw = "expired" | "self-signed";

/** Makes a certificate for these names: `["DNS:service.example", "IP:127.0.0.1"]`. */
export function makeCertificates(names: readonly string[], flaw?: Flaw): Certificates {
  const directory = mkdtempSync(join(tmpdir(), "mif-certificates-"));
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: directory, stdio: ["ignore", "ignore", "pipe"] });
  const read = (name: string) => readFileSync(join(directory, name), "utf8");
  try {
    openssl(
      ...["req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2"],
      ...["-subj", "/CN=Authority of a test"],
    );
    openssl(
      ...["req", ...newKey, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server"],
      ...["-addext", `subjectAltName=${names.join(",")}`],
    );
    openssl(
      ...["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key"],
      ...["-CAcreateserial", "-out", "server.pem", "-copy_extensions", "copy"],
      ...["-days", flaw === "expired" ? "-1" : "2"],
    );
    if (flaw === "self-signed") {
      openssl(
        ...["req", "-x509", "-key", "server.key", "-in", "server.csr", "-out", "server.pem"],
        ...["-copy_extensions", "copy", "-days", "2"],
      );
    }
    return { ca: read("ca.pem"), cert: read("server.pem"), key: read("server.key") };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
