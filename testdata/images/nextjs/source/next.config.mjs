export default {
  output: "standalone",
  eslint: { ignoreDuringBuilds: true },
  async redirects() {
    return [{ source: "/ships/:name", destination: "/vessel/:name", permanent: true }];
  },
};
