import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.Charset;
import java.security.KeyStore;
import java.text.NumberFormat;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Locale;
import java.util.Properties;
import javax.crypto.Cipher;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** A server that uses what the runtime image loads by name: zones, locales, charsets, authorities, providers. */
public class Harbour {
    interface Fact {
        Object get() throws Exception;
    }

    static void add(StringBuilder text, String name, Fact fact) {
        Object value;
        try {
            value = fact.get();
        } catch (Throwable error) {
            value = error;
        }
        text.append(name).append(": ").append(value).append('\n');
    }

    static int authorities() throws Exception {
        TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
        factory.init((KeyStore) null);
        return ((X509TrustManager) factory.getTrustManagers()[0]).getAcceptedIssuers().length;
    }

    static String facts() {
        StringBuilder text = new StringBuilder();
        add(text, "motto", () -> {
            Properties all = new Properties();
            all.load(Harbour.class.getResourceAsStream("/harbour.properties"));
            return all.get("motto");
        });
        add(text, "zone", () -> Instant.ofEpochSecond(1750000000).atZone(ZoneId.of("America/Halifax")));
        add(text, "money", () -> NumberFormat.getCurrencyInstance(Locale.GERMANY).format(1234.5));
        add(text, "charset", () -> new String(new byte[] {(byte) 0x91, 0x44}, Charset.forName("Shift_JIS")));
        add(text, "authorities", () -> authorities() > 50);
        add(text, "tls", () -> SSLContext.getDefault().getDefaultSSLParameters().getProtocols()[0]);
        add(text, "cipher", () -> Cipher.getInstance("AES/GCM/NoPadding").getProvider().getName());
        add(text, "curve", () -> java.security.KeyPairGenerator.getInstance("EC").getProvider().getName());
        add(text, "host", () -> InetAddress.getByName("lighthouse.test").getHostAddress());
        add(text, "process", () -> new String(new ProcessBuilder("id", "-un").start().getInputStream().readAllBytes()).trim());
        add(text, "xml", () -> javax.xml.parsers.DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new java.io.ByteArrayInputStream("<ship><mast/></ship>".getBytes())).getDocumentElement().getTagName());
        add(text, "logging", () -> java.util.logging.Logger.getLogger("").getHandlers().length);
        add(text, "modules", () -> ModuleLayer.boot().findModule("java.sql").isPresent());
        add(text, "management", () -> java.lang.management.ManagementFactory.getRuntimeMXBean().getSpecVersion());
        return text.toString();
    }

    public static void main(String[] arguments) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8000), 0);
        server.createContext("/", exchange -> {
            byte[] text = facts().getBytes("UTF-8");
            exchange.sendResponseHeaders(200, text.length);
            exchange.getResponseBody().write(text);
            exchange.close();
        });
        server.start();
    }
}
