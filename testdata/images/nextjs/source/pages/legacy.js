export async function getServerSideProps({ query }) {
  return { props: { mast: query.mast ?? "none" } };
}

export default function Legacy({ mast }) {
  return <p>mast {mast}</p>;
}
