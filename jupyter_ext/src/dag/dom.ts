/** Making elements: text is always text, never markup. */

const SVG = 'http://www.w3.org/2000/svg';

type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) {
      element.removeAttribute(name);
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
}

/** Make an HTML element of a class, with attributes and children; a string is a text node. */
export function html<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) {
    element.className = className;
  }
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Make an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  className: string,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  if (className) {
    element.setAttribute('class', className);
  }
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Set a text only where it changes: what is unchanged is not laid out again. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Make a push button; what is only a sign is named by its title. */
export function button(className: string, label: string, title: string, press: () => void): HTMLButtonElement {
  const named = /[a-z]/i.test(label) ? null : title;
  const element = html('button', className, { type: 'button', title, 'aria-label': named }, label);
  element.addEventListener('click', event => {
    event.stopPropagation();
    press();
  });
  return element;
}
