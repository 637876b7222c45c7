<?php
class Harbour
{
    public function report(): array
    {
        $database = new PDO('sqlite::memory:');
        $money = new NumberFormatter('de_DE', NumberFormatter::CURRENCY);
        $document = new DOMDocument();
        $document->loadXML('<ship><mast/><mast/></ship>');
        exec('echo from below | tr a-z A-Z', $said);
        ob_start();
        include __DIR__ . '/../templates/deck.phtml';
        return [
            'deck' => trim(ob_get_clean()),
            'ship' => getenv('SHIP'),
            'time' => date('H:i T', 1750000000),
            'zone' => (new DateTime('@1750000000'))->setTimezone(new DateTimeZone('Asia/Kathmandu'))->format('H:i'),
            'money' => $money->formatCurrency(1234.5, 'EUR'),
            'sort' => implode(' ', (function () { $words = ['zoo', 'Äpfel', 'apple']; (new Collator('sv'))->sort($words); return $words; })()),
            'letters' => mb_strtoupper('grüße') . mb_convert_encoding("\x91\x44", 'UTF-8', 'SJIS'),
            'iconv' => bin2hex(iconv('UTF-8', 'ISO-8859-15', '€')),
            'sqlite' => $database->query("select upper('cargo')")->fetchColumn(),
            'masts' => $document->getElementsByTagName('mast')->length,
            'host' => gethostbyname('lighthouse.test'),
            'shell' => implode($said),
            'random' => strlen(random_bytes(8)) . ' ' . (openssl_encrypt('cargo', 'aes-128-gcm', str_repeat('k', 16), 0, str_repeat('i', 12), $tag) !== false ? 'sealed' : 'open'),
            'user' => posix_getpwuid(posix_geteuid())['name'],
            'mime' => (new finfo(FILEINFO_MIME_TYPE))->buffer("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
        ];
    }
}
