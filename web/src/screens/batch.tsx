export function BatchScreen() {
  return null;
}
