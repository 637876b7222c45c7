export default function NotFound() {
  return <p>no such berth</p>;
}
