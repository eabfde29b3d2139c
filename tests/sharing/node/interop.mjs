// Reads {grant: {jwks, token, issuer, audience, now, tampered}, assertion: CLAIMS, proof: {token, claims}, jwks: KEYS} on
// stdin and answers as JSON what the `jose` package makes of it, with tokens of its own for the Python side to judge.
import * as jose from 'jose'

globalThis.crypto ??= (await import('node:crypto')).webcrypto // Node 18, as Debian 12 has it, hides it

const input = JSON.parse(await new Response(process.stdin).text())
const { jwks, token, issuer, audience, now, tampered } = input.grant
const keys = jose.createLocalJWKSet(jwks)
const options = { issuer, audience, currentDate: new Date(now), algorithms: ['Ed25519'], typ: 'docvault-grant+jwt' }
const { payload, protectedHeader } = await jose.jwtVerify(token, keys, options)
const refusals = []
for (const each of tampered) {
  refusals.push(await jose.jwtVerify(each, keys, options).then(() => 'verified', (error) => error.code))
}
const thumbprint = await jose.calculateJwkThumbprint(jwks.keys[0])

async function issue(alg, claims, typ) {
  const pair = await jose.generateKeyPair(alg, { extractable: true })
  const publicJwk = { ...(await jose.exportJWK(pair.publicKey)), kid: `key-${alg}`, alg, use: 'sig' }
  const header = { alg, kid: publicJwk.kid, ...(typ ? { typ } : {}) }
  return { alg, jwk: publicJwk, token: await new jose.SignJWT(claims).setProtectedHeader(header).sign(pair.privateKey) }
}

const grant = await issue('Ed25519', payload, 'docvault-grant+jwt')
const assertions = []
for (const alg of ['Ed25519', 'EdDSA', 'ES256', 'PS256', 'RS256']) {
  assertions.push(await issue(alg, input.assertion))
}

// a proof is verified by the key in its own header (RFC 9449)
const proof = await jose.jwtVerify(input.proof.token, jose.EmbeddedJWK, { typ: 'dpop+jwt', currentDate: new Date(now) })
const proofThumbprint = await jose.calculateJwkThumbprint(proof.protectedHeader.jwk)

const proofs = []
for (const alg of ['Ed25519', 'EdDSA', 'ES256', 'PS256', 'RS256', 'ES384']) {
  const pair = await jose.generateKeyPair(alg, { extractable: true, modulusLength: 4096 })
  const jwk = await jose.exportJWK(pair.publicKey)
  const header = { alg, typ: 'dpop+jwt', jwk }
  const token = await new jose.SignJWT(input.proof.claims).setProtectedHeader(header).sign(pair.privateKey)
  proofs.push({ alg, token, thumbprint: await jose.calculateJwkThumbprint(jwk) })
}
const thumbprints = await Promise.all(input.keys.map((key) => jose.calculateJwkThumbprint(key)))
console.log(JSON.stringify({
  payload, protectedHeader, refusals, thumbprint, grant, assertions,
  proof: proof.payload, proofThumbprint, proofs, thumbprints
}))
