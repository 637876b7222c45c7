export const dynamic = "force-dynamic";

export default function Page() {
  return <p>quay {7 * 6}</p>;
}
