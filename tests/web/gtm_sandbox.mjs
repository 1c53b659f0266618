// Runs the sandboxed script of a Tag Manager template over a small fake of the documented APIs, and
// the scenarios of the template's own tests. In: JSON on stdin; out: JSON on stdout.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import vm from "node:vm";

const { script, scenarios } = JSON.parse(readFileSync(0, "utf8"));
const plain = (value) => JSON.parse(JSON.stringify(value ?? null));

function apis(calls) {
  const note = (name, does) => (...given) => {
    calls.push([name, given]);
    return does(...given);
  };
  return {
    note,
    fakes: {
      addConsentListener: () => {},
      createArgumentsQueue: () => (...given) => void calls.push(["tailorbird", given]),
      encodeUriComponent: encodeURIComponent,
      getType: (value) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value),
      injectScript: (url, onSuccess) => onSuccess(),
      isConsentGranted: () => false,
      makeTableMap: (rows, key, value) => Object.fromEntries(rows.map((row) => [row[key], row[value]])),
      setInWindow: () => true,
    },
  };
}

function run(code) {
  const calls = [];
  const { note, fakes } = apis(calls);
  const runCode = (data) => {
    const require = (name) => {
      assert.ok(name in fakes, `${name} is no documented API that the fake knows`);
      return note(name, fakes[name]);
    };
    const ends = { gtmOnSuccess: note("gtmOnSuccess", () => {}), gtmOnFailure: note("gtmOnFailure", () => {}) };
    vm.runInNewContext(`"use strict";(function(){${script}\n})()`, { require, data: { ...data, ...ends } });
  };
  const assertApi = (name) => {
    const given = calls.filter(([called]) => called === name).map(([, each]) => each);
    return {
      wasCalled: () => assert.ok(given.length, `${name} was not called`),
      wasNotCalled: () => assert.equal(given.length, 0, `${name} was called`),
      wasCalledWith: (...expected) =>
        assert.ok(given.some((each) => JSON.stringify(each) === JSON.stringify(expected)), JSON.stringify(given)),
    };
  };
  const assertThat = (actual) => ({
    isEqualTo: (expected) => assert.deepEqual(plain(actual), plain(expected)),
    hasLength: (length) => assert.equal(actual.length, length),
  });
  const mock = (name, value) => {
    fakes[name] = typeof value === "function" ? value : () => value;
  };
  vm.runInNewContext(`"use strict";${code}`, { runCode, assertApi, assertThat, mock });
  return calls;
}

const results = {};
for (const { name, code } of scenarios) {
  try {
    const calls = run(code);
    results[name] = { failed: "", apis: [...new Set(calls.map(([called]) => called))] };
    results[name].urls = calls.filter(([called]) => called === "injectScript").map(([, given]) => given[0]);
  } catch (error) {
    results[name] = { failed: String(error), apis: [], urls: [] };
  }
}
console.log(JSON.stringify(results));
