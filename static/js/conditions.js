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

const asTime = (value) => {
  const [, hour, minute = "00"] = /^(?:klo|kl\.?)?\s*(\d{1,2})(?:[.:](\d{2}))?$/i.exec(String(value).trim()) ?? [];
  return hour < 24 && minute < 60 ? `${hour.padStart(2, "0")}:${minute}` : null;
};

const asMoment = (value) => {
  const [, day, hour] = /^([^T ]+)[T ](.+)$/.exec(String(value).trim()) ?? [];
  return asDate(day) && asTime(hour) ? `${asDate(day)}T${asTime(hour)}` : null;
};

const asDay = (value) => asDate(value) ?? asDate(asMoment(value)?.slice(0, 10));

const digits = (value) => String(value).replace(/\s/g, "").replace("\u2212", "-").replace(",", ".");

const asNumber = (value) => {
  if (typeof value === "number") return value;
  return /^-?\d{1,15}(\.\d{1,6})?$/.test(digits(value)) ? Number(digits(value)) : null;
};

const asDecimal = (value) => (/^-?\d+\.\d+$/.test(digits(value)) ? digits(value).replace(/^(-?)0+(?=\d)/, "$1") : null);

// The forms in which the server keeps what can be written in several ways.
const forms = [asDate, asTime, asMoment, asDecimal];

// What is typed has no type: it is read as what the rule compares it with.
const same = (answer, value) => {
  if (typeof value === "boolean") return { yes: true, no: false, true: true, false: false }[String(answer)] === value;
  if (typeof value === "number") return typeof answer !== "boolean" && asNumber(answer) === value;
  return answer === value || forms.some((as) => as(value) === value && as(answer) === value);
};

const daysAhead = (days) => new Date(Date.parse(today) + days * 86_400_000).toISOString().slice(0, 10);

const given = (answer) => ![undefined, null, ""].includes(answer) && answer.length !== 0;

// --- Rules -----------------------------------------------------------------------------------------------------------

const number = (compare) => (answer, value) => asNumber(answer) !== null && compare(asNumber(answer), value);
const date = (compare) => (answer, value) => asDay(answer) !== null && compare(asDay(answer), value);

const operators = {
  equals: same,
  one_of: (answer, values) => values.some((value) => same(answer, value)),
  contains: (answer, value) => answer.includes?.(value) ?? false, // several chosen options, or a text
  answered: (answer, value) => given(answer) === value,
  at_least: number((answer, value) => answer >= value),
  less_than: number((answer, value) => answer < value),
  before: date((answer, value) => answer < value),
  after: date((answer, value) => answer > value),
  within_days: date((answer, value) => answer < daysAhead(value)),
};

// An answer by its path: within a composite question (`within` is its name) or from the top; parts are divided by dots.
const answerAt = (answers, path, within) => {
  const name = [within, ...path.split(".")].filter(Boolean).join("-");
  if (name in answers) return answers[name];
  return within ? undefined : path.split(".").reduce((found, key) => found?.[key], stored);
};

const holds = (rule, answers, within) => {
  if (rule.all) return rule.all.every((part) => holds(part, answers, within));
  if (rule.any) return rule.any.some((part) => holds(part, answers, within));
  if (rule.not) return !holds(rule.not, answers, within);
  const operator = Object.keys(operators).find((name) => name in rule);
  const answer = answerAt(answers, rule.field, within);
  if (!given(answer)) return operator === "answered" && rule.answered === false;
  return operators[operator](answer, rule[operator]);
};

// --- Computed values: as apps/services/fieldtypes/calculated.py and derived.py do -------------------------------------

// The answers at a path: one, or that of every row of a group that repeats.
const answersAt = (answers, path, within) => {
  const [first, ...rest] = path.split(".");
  const row = new RegExp(`^${[within, first].filter(Boolean).join("-")}-\\d+-${rest.join("-")}$`);
  const rows = Object.keys(answers).filter((name) => rest.length && row.test(name)).map((name) => answers[name]);
  return (rows.length ? rows : [answerAt(answers, path, within)].flat()).filter(given);
};

const operations = {
  sum: (numbers) => numbers.reduce((total, number) => total + number, 0),
  difference: ([first, second]) => first - second,
  product: (numbers) => numbers.reduce((total, number) => total * number, 1),
};

const calculated = ({ operation, of, decimals }, answers, within) => {
  const found = of.flatMap((path) => answersAt(answers, path, within));
  if (operation === "count") return found.length;
  if (operation === "days_between") {
    const [first, second] = found.map(asDay);
    return found.length === 2 && first && second ? (Date.parse(second) - Date.parse(first)) / 86_400_000 : null;
  }
  const numbers = found.map(asNumber).filter((number) => number !== null);
  if (!numbers.length || (operation !== "sum" && numbers.length < of.length)) return null;
  return Number(operations[operation](numbers).toFixed(decimals));
};

const written = (number, { decimals, unit }) => {
  const [whole, rest] = number.toFixed(decimals).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u00a0");
  const comma = document.documentElement.lang === "en" ? "." : ",";
  return `${grouped}${rest ? comma + rest : ""} ${unit}`.trim();
};

const compute = (part, answers) => {
  const how = JSON.parse(part.dataset.computed);
  const { within, name } = part.dataset;
  const chosen = how.values?.find((one) => !one.when || holds(one.when, answers, within));
  const value = how.values ? (chosen?.value ?? null) : calculated(how, answers, within);
  const shown = part.querySelector("output");
  const text = value === null ? "–" : how.values ? chosen.text : written(value, how);
  if (shown && shown.textContent !== text) shown.textContent = text;
  answers[name] = value;
};

// --- The page --------------------------------------------------------------------------------------------------------

// What the text in a line stands for among the options of its list; '' when it is none of them. As SearchField does.
const meant = (line) => {
  const options = [...line.list.options];
  const fold = (text) => text.toUpperCase().toLowerCase();
  const called = (names) => options.flatMap((one) => names(one).map((text) => [fold(text), one.dataset.value]));
  const values = new Map([
    ...called((one) => one.dataset.also?.split("\n") ?? []),
    ...called((one) => [one.value]),
    ...called((one) => [one.dataset.value]),
  ]);
  return values.get(fold(line.value.trim())) ?? "";
};

// A phone number as it is kept: a number without a country code is a Finnish one.
const international = (text) => {
  const bare = text.replace(/[^\d+]/g, "").replace(/^(00|99[049])/, "+");
  return bare && bare.replace(/^(?!\+)(0|358)?/, "+358").replace(/^\+3580/, "+358");
};

const answerIn = (question) => {
  const controls = [...question.querySelectorAll("input, select, textarea")].filter((control) => control.name);
  const [first] = controls;
  if (!first) return null;
  const chosen = controls.filter((control) => control.checked).map((control) => control.value);
  const answers = {
    radio: () => chosen[0] ?? "",
    checkbox: () => (question.matches("fieldset") ? chosen : first.checked || ""),
    file: () => [...first.files, ...question.querySelectorAll(".file")],
    tel: () => international(first.value),
  };
  return [first.name, (answers[first.type] ?? (() => (first.list ? meant(first) : first.value.trim())))()];
};

// Whether an option is chosen that was so from the beginning, in what is not kept yet: nobody has answered with it.
const offered = (question) =>
  question.querySelector("[type=radio]:checked")?.defaultChecked &&
  !question.closest(".row")?.querySelector("[name$=-_stored]")?.value;

// A question of parts is answered when one of them is, a group that repeats with as many rows as have an answer.
const countWithin = (answers, name) => {
  const parts = name.split("-");
  for (let n = parts.length - 1; n > 0; n -= 1) {
    const group = parts.slice(0, n).join("-");
    answers[group] = /^\d/.test(parts[n]) ? [...new Set([...(answers[group] ?? []), parts[n]])] : true;
  }
};

// In the order of the page: an answer that a rule hides counts as not given for the rules after it.
const look = (firstTime) => {
  const answers = { ...stored };
  for (const part of document.querySelectorAll(".question, [data-show-when], [data-computed]")) {
    if (part.dataset.showWhen) {
      const kept = firstTime && (part.matches(".question--error") || part.querySelector(".question--error"));
      part.hidden = !kept && !holds(JSON.parse(part.dataset.showWhen), answers, part.dataset.within);
    }
    const away = part.dataset.computed ? part.matches("div") && part.closest("[hidden]") : part.closest("[hidden]");
    if (part.dataset.computed && !away) compute(part, answers);
    if (part.matches(".question--parts") || part.dataset.computed) continue;
    const found = answerIn(part);
    if (!found) continue;
    if (away) delete answers[found[0]];
    else answers[found[0]] = found[1];
    if (!away && given(found[1]) && !offered(part)) countWithin(answers, found[0]);
  }
};

if (document.querySelector("[data-show-when], [data-computed]")) {
  look(true);
  // The server shows a page once more when an answer has brought up something on it; here it has been seen already.
  document.querySelectorAll("form[method=post]:has([data-show-when])").forEach((form) => {
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "_followed", value: "1" }));
  });
  document.addEventListener("input", () => look(false));
  document.addEventListener("change", () => look(false));
}
