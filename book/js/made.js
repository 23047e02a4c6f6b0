// An element with these properties: what the page's other scripts build with.

function made(kind, properties = {}) {
  const element = Object.assign(document.createElement(kind), properties);
  if (properties.role) element.setAttribute("role", properties.role);
  return element;
}
