// A portal's program made of oauth4webapi alone. Each line of standard input is one thing to do, each line of standard
// output what came of it; what a step needs, the steps before have left here.

import * as oauth from 'oauth4webapi'
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'

const insecure = { [oauth.allowInsecureRequests]: true } // the vault of the test speaks plain HTTP on this machine
let as, client, clientAuth, DPoP, redirectUri, verifier, state, token

/** Runs a request once more when the server wanted its nonce in the proof (RFC 9449 §8). */
async function withNonce(request) {
  try {
    return await request()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return request()
  }
}

const steps = {
  /** What the server says of itself (RFC 8414), and the portal's own keys: one for assertions, one for proofs. */
  async discover({ issuer, clientId, redirectUri: uri, jwk }) {
    const url = new URL(issuer)
    const answer = await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...insecure })
    as = await oauth.processDiscoveryResponse(url, answer)
    client = { client_id: clientId }
    redirectUri = uri
    const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    clientAuth = oauth.PrivateKeyJwt({ key, kid: jwk.kid })
    DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))
    return as
  },

  async push({ details }) {
    verifier = oauth.generateRandomCodeVerifier()
    state = oauth.generateRandomState()
    const parameters = {
      response_type: 'code',
      redirect_uri: redirectUri,
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      authorization_details: JSON.stringify([details]),
    }
    const pushed = await withNonce(async () => {
      const answer = await oauth.pushedAuthorizationRequest(as, client, clientAuth, parameters, { DPoP, ...insecure })
      return oauth.processPushedAuthorizationResponse(as, client, answer)
    })
    const address = new URL(as.authorization_endpoint)
    address.search = new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri })
    return { address: address.href, expiresIn: pushed.expires_in }
  },

  async receive({ callback }) {
    const parameters = oauth.validateAuthResponse(as, client, new URL(callback), state)
    const issued = await withNonce(async () => {
      const answer = await oauth.authorizationCodeGrantRequest(
        as, client, clientAuth, parameters, redirectUri, verifier, { DPoP, ...insecure },
      )
      return oauth.processAuthorizationCodeResponse(as, client, answer)
    })
    token = issued.access_token
    return { ...issued, access_token: undefined }
  },

  async fetch({ url }) {
    const answer = await withNonce(() =>
      oauth.protectedResourceRequest(token, 'GET', new URL(url), undefined, undefined, { DPoP, ...insecure }))
    const bytes = new Uint8Array(await answer.arrayBuffer())
    return { status: answer.status, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('base64url') }
  },

  async introspect() {
    const answer = await oauth.introspectionRequest(as, client, clientAuth, token, insecure)
    return oauth.processIntrospectionResponse(as, client, answer)
  },

  async revoke() {
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, clientAuth, token, insecure))
    return {}
  },

  /** A token of the agency itself (RFC 6749 §4.4), and what it lists. */
  async list({ url }) {
    const own = await withNonce(async () => {
      const answer = await oauth.clientCredentialsGrantRequest(
        as, client, clientAuth, new URLSearchParams(), { DPoP, ...insecure },
      )
      return oauth.processClientCredentialsResponse(as, client, answer)
    })
    const answer = await withNonce(() => oauth.protectedResourceRequest(
      own.access_token, 'GET', new URL(url), undefined, undefined, { DPoP, ...insecure }))
    return answer.json()
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const { step, ...given } = JSON.parse(line)
  let said
  try {
    said = await steps[step](given)
  } catch (error) {
    said = { refused: error.error ?? error.code ?? error.name, why: error.message, status: error.status }
  }
  console.log(JSON.stringify(said))
}
