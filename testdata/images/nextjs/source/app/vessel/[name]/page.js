import { readFile } from "node:fs/promises";
import path from "node:path";
import { notFound } from "next/navigation";

export default async function Page({ params }) {
  const { name } = await params;
  const text = await readFile(path.join(process.cwd(), "data", "vessels.json"), "utf8");
  const vessel = JSON.parse(text)[name];
  if (!vessel) notFound();
  return <p>vessel {vessel}</p>;
}
