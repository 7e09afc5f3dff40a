// An issuer of identity tokens for tests: discovery, keys and signatures are oauth2-mock-server's, three routes are ours.
//
//   POST /tests/sign    {claims, kid?}: a token with these claims, `null` taking one away
//   POST /tests/rotate  {alg, kid}: publishes one more key
//   POST /tests/claims  {claims}: what `GET /tests/pipeline?audience=…` puts into a token, as GitHub's runner asks for it
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { writeFileSync } from "node:fs";

const [place, folder] = process.argv.slice(2);
const require = createRequire(`${place}/package.json`);
const { OAuth2Server } = await import(pathToFileURL(require.resolve("oauth2-mock-server")).href);

const server = new OAuth2Server();
for (const [alg, kid] of [["RS256", "rsa"], ["ES256", "ec"], ["EdDSA", "ed"]]) await server.issuer.keys.generate(alg, { kid });

const answer = (res, value) => {
  res.writeHead(200, { "content-type": "application/json" });
  res.end(JSON.stringify(value));
};

const sign = (claims, kid = "rsa") =>
  server.issuer.buildToken({
    kid,
    scopesOrTransform: (header, payload) => {
      for (const [name, value] of Object.entries(claims)) {
        if (value === null) delete payload[name];
        else payload[name] = value;
      }
    },
  });

let ofPipelines = {};
server.service.addRoute("POST", "/tests/sign", async (req, res) => answer(res, { token: await sign(req.body.claims, req.body.kid) }));
server.service.addRoute("POST", "/tests/rotate", async (req, res) => {
  await server.issuer.keys.generate(req.body.alg, { kid: req.body.kid });
  answer(res, {});
});
server.service.addRoute("POST", "/tests/claims", (req, res) => {
  ofPipelines = req.body.claims;
  answer(res, {});
});
server.service.addRoute("GET", "/tests/pipeline", async (req, res) => {
  if (req.headers.authorization !== "Bearer of-the-runner") {
    res.writeHead(401);
    res.end();
    return;
  }
  const once = { jti: crypto.randomUUID(), aud: req.query.audience };
  answer(res, { value: await sign({ ...ofPipelines, ...once }) });
});

await server.start(0, "127.0.0.1");
server.issuer.url = `http://127.0.0.1:${server.address().port}`;
writeFileSync(`${folder}/url`, server.issuer.url);
