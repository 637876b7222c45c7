import { NextResponse } from "next/server";

export function middleware(request) {
  return NextResponse.json({ tea: request.nextUrl.searchParams.get("for") }, { status: 418 });
}

export const config = { matcher: "/teapot" };
