#include <iostream>
#include <map>
#include <string>
#include <thread>

extern "C" int hook(int load);

int main() {
    std::map<std::string, int> loads{{"anchor", 2}, {"barrel", 3}};
    std::thread worker([&] {
        for (auto& [name, load] : loads) load = hook(load);
    });
    worker.join();
    for (const auto& [name, load] : loads) std::cout << name << ' ' << load << '\n';
}
