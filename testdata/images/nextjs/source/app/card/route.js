import { ImageResponse } from "next/og";

export const dynamic = "force-dynamic";

export async function GET() {
  return new ImageResponse(<div style={{ display: "flex", fontSize: 40 }}>deck</div>, { width: 120, height: 60 });
}
