// Shows and hides questions the moment an answer changes, by the rules of apps/services/conditions.py.
// The server decides in the end: what it has asked for and found wrong stays on the page until something is changed.

const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
const stored = read("answers") ?? {};
const today = read("today") ?? new Date().toISOString().slice(0, 10);

// --- Values ----------------------------------------------------------------------------------------------------------

const asDate = (value) => {
  const text = String(value).trim();
  const written = /^(\d{1,2})[./](\d{1,2})[./](\d{4})$/.exec(text);
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (!written && !iso) return null;
  const [year, month, day] = written ? [written[3], written[2], written[1]] : iso.slice(1);
  const found = new Date(Date.UTC(year, month - 1, day));
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === Number(day) ? found.toISOString().slice(0, 10) : null;
};

const asNumber = (value) => {
  if (typeof value === "number") return value;
  const text = String(value).replace(/\s/g, "").replace("\u2212", "-");
  return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
};

// What is typed has no type: it is read as what the rule compares it with.
const same = (answer, value) => {
  if (typeof value === "boolean") return { yes: true, no: false, true: true, false: false }[String(answer)] === value;
  if (typeof value === "number") return typeof answer !== "boolean" && asNumber(answer) === value;
  return answer === value || (asDate(value) !== null && asDate(answer) === asDate(value));
};

const daysAhead = (days) => new Date(Date.parse(today) + days * 86_400_000).toISOString().slice(0, 10);

const given = (answer) => ![undefined, null, ""].includes(answer) && answer.length !== 0;

// --- Rules -----------------------------------------------------------------------------------------------------------

const number = (compare) => (answer, value) => asNumber(answer) !== null && compare(asNumber(answer), value);
const date = (compare) => (answer, value) => asDate(answer) !== null && compare(asDate(answer), value);

const operators = {
  equals: same,
  one_of: (answer, values) => values.some((value) => same(answer, value)),
  contains: (answer, value) => Array.isArray(answer) && answer.includes(value),
  answered: (answer, value) => given(answer) === value,
  at_least: number((answer, value) => answer >= value),
  less_than: number((answer, value) => answer < value),
  before: date((answer, value) => answer < value),
  after: date((answer, value) => answer > value),
  within_days: date((answer, value) => answer < daysAhead(value)),
};

const holds = (rule, answers) => {
  if (rule.all) return rule.all.every((part) => holds(part, answers));
  if (rule.any) return rule.any.some((part) => holds(part, answers));
  if (rule.not) return !holds(rule.not, answers);
  const operator = Object.keys(operators).find((name) => name in rule);
  const answer = answers[rule.field];
  if (!given(answer)) return operator === "answered" && rule.answered === false;
  return operators[operator](answer, rule[operator]);
};

// --- The page --------------------------------------------------------------------------------------------------------

const answerIn = (question) => {
  const controls = [...question.querySelectorAll("input, select, textarea")].filter((control) => control.name);
  const [first] = controls;
  if (!first) return null;
  const chosen = controls.filter((control) => control.checked).map((control) => control.value);
  const answers = {
    radio: () => chosen[0] ?? "",
    checkbox: () => (question.matches("fieldset") ? chosen : first.checked || ""),
    file: () => [...first.files, ...question.querySelectorAll(".file")],
  };
  return [first.name, (answers[first.type] ?? (() => first.value.trim()))()];
};

// In the order of the page: an answer that a rule hides counts as not given for the rules after it.
const look = (firstTime) => {
  const answers = { ...stored };
  for (const part of document.querySelectorAll(".question, [data-show-when]")) {
    if (part.dataset.showWhen) {
      const kept = firstTime && part.matches(".question--error");
      part.hidden = !kept && !holds(JSON.parse(part.dataset.showWhen), answers);
    }
    const found = answerIn(part);
    if (!found) continue;
    if (part.hidden) delete answers[found[0]];
    else answers[found[0]] = found[1];
  }
};

if (document.querySelector("[data-show-when]")) {
  look(true);
  document.addEventListener("input", () => look(false));
  document.addEventListener("change", () => look(false));
}
