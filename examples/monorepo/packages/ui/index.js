export function heading(text) {
  return Object.assign(document.createElement('h1'), { textContent: text });
}
