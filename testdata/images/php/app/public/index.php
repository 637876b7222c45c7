<?php
spl_autoload_register(function (string $name): void {
    require __DIR__ . '/../src/' . strtr($name, '\\', '/') . '.php';
});
header('Content-Type: text/plain');
foreach ((new Harbour())->report() as $name => $value) {
    echo "$name: $value\n";
}
