/* Java's JSSE as a peer of the interoperation tests, run from its source; the arguments are those of every peer program (see peers.py):
 *   client PORT CA VERSION [CHAIN KEY]   two connections, the second offers to resume; "ping" must come back
 *   server PORT CHAIN KEY VERSION [CA]   echoes until it is ended; with a CA clients must prove themselves
 * PEER_REKEY in the environment: new keys are made, by the client before "ping", by the server before its echo.
 */
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class Peer {
	private static final char[] NONE = new char[0];

	private static Collection<? extends Certificate> certificates(String path) throws Exception {
		return CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(Files.readAllBytes(Path.of(path))));
	}

	private static PrivateKey key(String path) throws Exception {
		String text = Files.readString(Path.of(path)).replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
		byte[] der = Base64.getDecoder().decode(text);
		for (String kind : List.of("EC", "RSA", "EdDSA")) {
			try {
				return KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(der));
			} catch (java.security.spec.InvalidKeySpecException other) {
				continue;
			}
		}
		throw new IllegalArgumentException("no key in " + path);
	}

	private static SSLContext context(String ca, String chain, String key) throws Exception {
		KeyManagerFactory keys = null;
		TrustManagerFactory trust = null;
		if (chain != null) {
			KeyStore store = KeyStore.getInstance("PKCS12");
			store.load(null, NONE);
			store.setKeyEntry("own", key(key), NONE, certificates(chain).toArray(new Certificate[0]));
			keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
			keys.init(store, NONE);
		}
		if (ca != null) {
			KeyStore store = KeyStore.getInstance("PKCS12");
			store.load(null, NONE);
			for (Certificate one : certificates(ca))
				store.setCertificateEntry("ca" + store.size(), one);
			trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
			trust.init(store);
		}
		SSLContext context = SSLContext.getInstance("TLS");
		context.init(keys == null ? null : keys.getKeyManagers(), trust == null ? null : trust.getTrustManagers(), null);
		return context;
	}

	private static void client(String[] args) throws Exception {
		SSLContext context = context(args[2], args.length > 4 ? args[4] : null, args.length > 5 ? args[5] : null);
		long first = 0;
		for (int turn = 0; turn < 2; turn++) {
			try (SSLSocket sock = (SSLSocket) context.getSocketFactory().createSocket("localhost", Integer.parseInt(args[1]))) {
				sock.setEnabledProtocols(new String[] { "TLSv" + args[3] });
				SSLParameters parameters = sock.getSSLParameters();
				parameters.setServerNames(List.of(new SNIHostName("localhost")));
				parameters.setEndpointIdentificationAlgorithm("HTTPS");
				sock.setSSLParameters(parameters);
				rekey(sock);
				sock.getOutputStream().write("ping\n".getBytes(StandardCharsets.US_ASCII));
				byte[] reply = sock.getInputStream().readNBytes(5);
				SSLSession session = sock.getSession();
				// a resumed session keeps the time at which the first one was made
				String kind = turn > 0 && session.getCreationTime() == first ? "resumed" : "full";
				first = session.getCreationTime();
				System.out.print(session.getProtocol().substring(4) + " " + kind + " " + new String(reply, StandardCharsets.US_ASCII));
			}
			Thread.sleep(20); // so that two sessions that are made have different times
		}
	}

	/** A handshake on a connection of 1.3 that is open already is a key update. */
	private static void rekey(SSLSocket sock) throws java.io.IOException {
		if (System.getenv("PEER_REKEY") != null) {
			sock.startHandshake();
			sock.startHandshake();
		}
	}

	private static void echo(SSLSocket sock) {
		try (sock) {
			rekey(sock);
			InputStream in = sock.getInputStream();
			byte[] buf = new byte[4096];
			for (int len; (len = in.read(buf)) > 0;)
				sock.getOutputStream().write(buf, 0, len);
		} catch (java.io.IOException trouble) {
			System.err.println(trouble);
		}
	}

	private static void server(String[] args) throws Exception {
		SSLContext context = context(args.length > 5 ? args[5] : null, args[2], args[3]);
		SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(Integer.parseInt(args[1]), 16,
				InetAddress.getByName("127.0.0.1"));
		listener.setEnabledProtocols(new String[] { "TLSv" + args[4] });
		listener.setNeedClientAuth(args.length > 5);
		while (true) {
			SSLSocket sock = (SSLSocket) listener.accept();
			new Thread(() -> echo(sock)).start();
		}
	}

	public static void main(String[] args) throws Exception {
		if (args.length >= 4 && args[0].equals("client"))
			client(args);
		else if (args.length >= 5 && args[0].equals("server"))
			server(args);
		else
			throw new IllegalArgumentException("client PORT CA VERSION [CHAIN KEY] | server PORT CHAIN KEY VERSION [CA]");
	}
}
