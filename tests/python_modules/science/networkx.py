import networkx as nx, io

g = nx.erdos_renyi_graph(20, 0.3, seed=1)
nx.shortest_path(g, 0, 5) if nx.has_path(g, 0, 5) else None
nx.pagerank(g); nx.community.greedy_modularity_communities(g); nx.spring_layout(g, seed=1)
assert nx.is_connected(nx.path_graph(3)) and nx.check_planarity(nx.cycle_graph(4))[0]
nx.write_gml(g, io.BytesIO()); nx.node_link_data(g)
file = io.BytesIO(); nx.write_graphml(g, file); file.seek(0); nx.read_graphml(file)
nx.max_flow_min_cost if hasattr(nx, "max_flow_min_cost") else None
