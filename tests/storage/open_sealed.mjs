// Opens a sealed object with node:crypto alone, from docs/formats.md: KEY CONTEXT (hex) as arguments, bytes through stdin.
import { createDecipheriv, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";

const [key, context] = process.argv.slice(2).map((hex) => Buffer.from(hex, "hex"));
const sealed = readFileSync(0);
const expand = (hash, secret, info, size) => {
  let block = Buffer.alloc(0), out = Buffer.alloc(0);
  for (let count = 1; out.length < size; count++) {
    block = createHmac(hash, secret).update(block).update(info).update(Buffer.of(count)).digest();
    out = Buffer.concat([out, block]);
  }
  return out.subarray(0, size);
};

if (sealed[0] !== 1) throw new Error("format");
const input = expand("sha256", key, Buffer.from("docvault storage v1 object"), 32);
const label = Buffer.from("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0");
const derived = expand("sha512", input, Buffer.concat([label, sealed.subarray(1, 25), context]), 76);
if (!derived.subarray(44).equals(sealed.subarray(25, 57))) throw new Error("commitment");

let last;
for (let start = 57, number = 0; start < sealed.length; start += 16400, number++) {
  last = sealed.subarray(start, start + 16400);
  const nonce = Buffer.from(derived.subarray(32, 44));
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8);
  const cipher = createDecipheriv("aes-256-gcm", derived.subarray(0, 32), nonce);
  cipher.setAuthTag(last.subarray(-16));
  process.stdout.write(Buffer.concat([cipher.update(last.subarray(0, -16)), cipher.final()]));
}
if (last === undefined || last.length === 16400) throw new Error("cut short");
