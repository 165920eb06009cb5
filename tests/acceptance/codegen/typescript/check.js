// Type-checks all files of a folder in one program and prints, for each, what the compiler says and the kinds of nodes in it.
const fs = require("fs");
const path = require("path");
const ts = require("typescript");

const folder = process.argv[2];
const files = fs
  .readdirSync(folder, { recursive: true })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => path.join(folder, name));
const program = ts.createProgram(files, {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2020,
  module: ts.ModuleKind.CommonJS,
  types: [],
});
const answer = {};
for (const file of files) {
  const source = program.getSourceFile(file);
  const kinds = new Set();
  const visit = (node) => {
    kinds.add(ts.SyntaxKind[node.kind]);
    ts.forEachChild(node, visit);
  };
  visit(source);
  const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  answer[path.relative(folder, file)] = {
    kinds: [...kinds].sort(),
    errors: found.map((each) => ts.flattenDiagnosticMessageText(each.messageText, "\n")),
  };
}
console.log(JSON.stringify(answer));
