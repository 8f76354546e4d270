//! rustls as a peer of the interoperation tests; the arguments are those of every peer program (see peers.py):
//!   client PORT CA VERSION [CHAIN KEY]   two connections, the second offers to resume; "ping" must come back
//!   server PORT CHAIN KEY VERSION [CA]   echoes until it is ended; with a CA clients must prove themselves
//! PEER_EARLY in the environment: early data is sent and taken. PEER_REKEY: new keys are made, by the client before "ping", by the
//! server before its echo.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{version, ClientConfig, ClientConnection, HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection, Stream, SupportedProtocolVersion};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

type Done = Result<(), Box<dyn Error>>;

static ONLY_12: &[&SupportedProtocolVersion] = &[&version::TLS12];
static ONLY_13: &[&SupportedProtocolVersion] = &[&version::TLS13];

fn versions(name: &str) -> &'static [&'static SupportedProtocolVersion] {
	match name {
		"1.2" => ONLY_12,
		"1.3" => ONLY_13,
		_ => panic!("no version {name}"),
	}
}

fn roots(path: &str) -> Result<RootCertStore, Box<dyn Error>> {
	let mut store = RootCertStore::empty();
	for cert in CertificateDer::pem_file_iter(path)? {
		store.add(cert?)?;
	}
	Ok(store)
}

fn chain(path: &str) -> Result<Vec<CertificateDer<'static>>, Box<dyn Error>> {
	Ok(CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>()?)
}

fn rekeys() -> bool {
	std::env::var_os("PEER_REKEY").is_some()
}

fn client(args: &[String]) -> Done {
	let builder = ClientConfig::builder_with_protocol_versions(versions(&args[2])).with_root_certificates(roots(&args[1])?);
	let early = std::env::var_os("PEER_EARLY").is_some();
	let mut config = match args.get(3) {
		Some(path) => builder.with_client_auth_cert(chain(path)?, PrivateKeyDer::from_pem_file(&args[4])?)?,
		None => builder.with_no_client_auth(),
	};
	config.enable_early_data = early;
	let config = Arc::new(config);
	for _ in 0..2 {
		let mut conn = ClientConnection::new(config.clone(), ServerName::try_from("localhost")?)?;
		let mut sock = TcpStream::connect(format!("127.0.0.1:{}", args[0]))?;
		let went_early = match conn.early_data() {
			Some(mut early) => early.write(b"ping\n")? == 5,
			None => false,
		};
		if rekeys() {
			conn.complete_io(&mut sock)?;
			conn.refresh_traffic_keys()?;
		}
		let mut tls = Stream::new(&mut conn, &mut sock);
		if !went_early {
			tls.write_all(b"ping\n")?;
		}
		let mut reply = [0; 5];
		tls.read_exact(&mut reply)?;
		let version = if conn.protocol_version() == Some(ProtocolVersion::TLSv1_3) { "1.3" } else { "1.2" };
		let kind = if conn.handshake_kind() == Some(HandshakeKind::Resumed) { "resumed" } else { "full" };
		let group = conn.negotiated_key_exchange_group().map_or("none".into(), |g| format!("{:?}", g.name()));
		let early = if conn.is_early_data_accepted() { "early " } else { "" };
		print!("{version} {kind} {group} {early}{}", std::str::from_utf8(&reply)?);
	}
	Ok(())
}

fn serve_one(config: Arc<ServerConfig>, mut sock: TcpStream) -> Done {
	let mut conn = ServerConnection::new(config)?;
	let mut buf = [0; 4096];
	while conn.is_handshaking() {
		conn.complete_io(&mut sock)?;
	}
	if let Some(mut early) = conn.early_data() {
		let len = early.read(&mut buf)?;
		Stream::new(&mut conn, &mut sock).write_all(&buf[..len])?;
	}
	if rekeys() {
		conn.refresh_traffic_keys()?;
	}
	loop {
		let len = Stream::new(&mut conn, &mut sock).read(&mut buf)?;
		if len == 0 {
			conn.send_close_notify();
			conn.complete_io(&mut sock)?;
			return Ok(());
		}
		Stream::new(&mut conn, &mut sock).write_all(&buf[..len])?;
	}
}

fn server(args: &[String]) -> Done {
	let builder = ServerConfig::builder_with_protocol_versions(versions(&args[3]));
	let builder = match args.get(4) {
		Some(ca) => builder.with_client_cert_verifier(WebPkiClientVerifier::builder(Arc::new(roots(ca)?)).build()?),
		None => builder.with_no_client_auth(),
	};
	let mut config = builder.with_single_cert(chain(&args[1])?, PrivateKeyDer::from_pem_file(&args[2])?)?;
	if std::env::var_os("PEER_EARLY").is_some() {
		config.max_early_data_size = 4096; // taken of sessions that the server keeps, not of tickets
	} else {
		config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
	}
	let config = Arc::new(config);
	for sock in TcpListener::bind(format!("127.0.0.1:{}", args[0]))?.incoming() {
		let (config, sock) = (config.clone(), sock?);
		std::thread::spawn(move || {
			if let Err(trouble) = serve_one(config, sock) {
				eprintln!("{trouble}");
			}
		});
	}
	Ok(())
}

fn main() -> Done {
	let args: Vec<String> = std::env::args().skip(1).collect();
	match args.first().map(String::as_str) {
		Some("client") if args.len() >= 4 => client(&args[1..]),
		Some("server") if args.len() >= 5 => server(&args[1..]),
		_ => Err("client PORT CA VERSION [CHAIN KEY] | server PORT CHAIN KEY VERSION [CA]".into()),
	}
}
