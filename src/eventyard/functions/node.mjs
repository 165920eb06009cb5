// Runs a Node.js handler by Lambda's runtime API. Started with the handler's folder as its working directory.
// Handlers are `file.export`, async or with a callback (developer guide, "Define Lambda function handler in Node.js").
import http from "node:http";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function ask(method, where, body) {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const request = http.request({ host, port, method, path: `/2018-06-01/runtime/${where}`, agent, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part));
      answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() }));
      answer.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

function described(error) {
  if (!(error instanceof Error)) return JSON.stringify({ errorType: typeof error, errorMessage: String(error), trace: [] });
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: (error.stack || "").split("\n") });
}

async function load(name) {
  const folder = path.resolve(path.dirname(name));
  const [file, ...members] = path.basename(name).split(".");
  const place = ["", ".js", ".mjs", ".cjs"].map((end) => path.join(folder, file + end)).find((each) => fs.existsSync(each) && fs.statSync(each).isFile());
  if (place === undefined) {
    throw Object.assign(new Error(`Cannot find module '${file}'`), { name: "Runtime.ImportModuleError" });
  }
  let found;
  try {
    found = createRequire(pathToFileURL(folder + "/"))(place);
  } catch (error) {
    if (error.code !== "ERR_REQUIRE_ESM" && !(error instanceof SyntaxError)) throw error;
    found = await import(pathToFileURL(place));
  }
  for (const member of members) found = found?.[member];
  if (typeof found !== "function") {
    throw Object.assign(new Error(`${name} is undefined or not exported`), { name: "Runtime.HandlerNotFound" });
  }
  return found;
}

function contextOf(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const client = headers["lambda-runtime-client-context"];
  return {
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: client === undefined ? undefined : JSON.parse(client),
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    const done = (error, value) => (error === null || error === undefined ? resolve(value) : reject(error));
    const value = handler(event, context, done);
    if (typeof value?.then === "function") value.then(resolve, reject);
    else if (handler.length < 3) resolve(value);
  });
}

let handler;
try {
  handler = await load(process.env._HANDLER);
} catch (error) {
  await ask("POST", "init/error", described(error));
  process.exit(1);
}
for (;;) {
  const next = await ask("GET", "invocation/next");
  const id = next.headers["lambda-runtime-aws-request-id"];
  process.env._X_AMZN_TRACE_ID = next.headers["lambda-runtime-trace-id"] ?? "";
  let kind, answer;
  try {
    [kind, answer] = ["response", JSON.stringify((await run(handler, JSON.parse(next.body), contextOf(next.headers))) ?? null)];
  } catch (error) {
    [kind, answer] = ["error", described(error)];
  }
  await ask("POST", `invocation/${id}/${kind}`, answer);
}
