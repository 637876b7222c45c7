import { createHash } from "node:crypto";
import { after } from "next/server";

export async function POST(request) {
  const text = await request.text();
  after(() => {});
  return Response.json({ sha: createHash("sha256").update(text).digest("hex").slice(0, 8) });
}
