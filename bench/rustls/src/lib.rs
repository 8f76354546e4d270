//! rustls behind bench/stack.h, as a file for `script/bench tls --peer`.

use rustls::client::{ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group, Ticketer};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{version, ClientConfig, ClientConnection, Connection, HandshakeKind, NamedGroup, RootCertStore, ServerConfig, ServerConnection};
use std::collections::VecDeque;
use std::ffi::{c_char, c_int, c_void};
use std::io::{Read, Write};
use std::slice::from_raw_parts;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

const VERSION_13: c_int = 0x0304;
const NAME: &str = "bench.example.com";

#[repr(C)]
pub struct Chain {
	sent_pem: *const u8,
	key_pem: *const u8,
	root_pem: *const u8,
	sent_len: usize,
	key_len: usize,
	root_len: usize,
}

enum Config {
	Client(Arc<ClientConfig>, Arc<Gate>),
	Server(Arc<ServerConfig>),
}

/// Sessions, which are given out only where the driver offers one.
#[derive(Debug, Default)]
struct Gate {
	open: AtomicBool,
	v12: Mutex<Option<Tls12ClientSessionValue>>,
	v13: Mutex<VecDeque<Tls13ClientSessionValue>>,
}

impl ClientSessionStore for Gate {
	fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}
	fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
		None
	}
	fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
		*self.v12.lock().unwrap() = Some(value);
	}
	fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
		if self.open.load(Relaxed) { self.v12.lock().unwrap().clone() } else { None }
	}
	fn remove_tls12_session(&self, _: &ServerName<'static>) {
		*self.v12.lock().unwrap() = None;
	}
	fn insert_tls13_ticket(&self, _: ServerName<'static>, value: Tls13ClientSessionValue) {
		let mut all = self.v13.lock().unwrap();
		if all.len() == 2 {
			all.pop_front();
		}
		all.push_back(value);
	}
	fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
		if self.open.load(Relaxed) { self.v13.lock().unwrap().pop_back() } else { None }
	}
}

struct Conn {
	tls: Connection,
	config: *const Config,
}

fn provider() -> Arc<CryptoProvider> {
	Arc::new(CryptoProvider {
		cipher_suites: vec![cipher_suite::TLS13_AES_128_GCM_SHA256, cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
		kx_groups: vec![kx_group::X25519, kx_group::SECP256R1],
		..default_provider()
	})
}

fn server_config(chain: &Chain, only: &'static rustls::SupportedProtocolVersion) -> ServerConfig {
	let sent = unsafe { from_raw_parts(chain.sent_pem, chain.sent_len) };
	let key = unsafe { from_raw_parts(chain.key_pem, chain.key_len) };
	let certs: Vec<_> = CertificateDer::pem_slice_iter(sent).map(|c| c.unwrap()).collect();
	let mut config = ServerConfig::builder_with_provider(provider())
		.with_protocol_versions(&[only])
		.unwrap()
		.with_no_client_auth()
		.with_single_cert(certs, PrivateKeyDer::from_pem_slice(key).unwrap())
		.unwrap();
	config.ticketer = Ticketer::new().unwrap();
	config.send_tls13_tickets = 2;
	config
}

fn client_config(chain: &Chain, only: &'static rustls::SupportedProtocolVersion) -> ClientConfig {
	let mut roots = RootCertStore::empty();
	for cert in CertificateDer::pem_slice_iter(unsafe { from_raw_parts(chain.root_pem, chain.root_len) }) {
		roots.add(cert.unwrap()).unwrap();
	}
	ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[only]).unwrap().with_root_certificates(roots).with_no_client_auth()
}

unsafe extern "C" fn config_new(chain: *const Chain, server: bool, which: c_int) -> *mut c_void {
	let only = if which == VERSION_13 { &version::TLS13 } else { &version::TLS12 };
	let config = if server {
		Config::Server(Arc::new(server_config(&*chain, only)))
	} else {
		let gate = Arc::new(Gate::default());
		let mut config = client_config(&*chain, only);
		config.resumption = Resumption::store(gate.clone());
		Config::Client(Arc::new(config), gate)
	};
	Box::into_raw(Box::new(config)) as *mut c_void
}

unsafe extern "C" fn config_free(config: *mut c_void) {
	drop(Box::from_raw(config as *mut Config));
}

/// `session` is any mark that is not null: the store remembers.
unsafe extern "C" fn open(config: *mut c_void, _server: bool, session: *mut c_void) -> *mut c_void {
	let config = config as *const Config;
	let tls = match &*config {
		Config::Server(c) => Connection::Server(ServerConnection::new(c.clone()).unwrap()),
		Config::Client(c, gate) => {
			gate.open.store(!session.is_null(), Relaxed);
			Connection::Client(ClientConnection::new(c.clone(), ServerName::try_from(NAME).unwrap()).unwrap())
		}
	};
	Box::into_raw(Box::new(Conn { tls, config })) as *mut c_void
}

unsafe extern "C" fn close(conn: *mut c_void) {
	drop(Box::from_raw(conn as *mut Conn));
}

unsafe extern "C" fn step(conn: *mut c_void, input: *mut u8, in_len: usize, out: *mut u8, cap: usize, out_len: *mut usize) -> bool {
	let c = &mut *(conn as *mut Conn);
	let mut rest = if in_len > 0 { from_raw_parts(input, in_len) } else { &[] };
	while !rest.is_empty() {
		if c.tls.read_tls(&mut rest).is_err() {
			return false;
		}
		if let Err(trouble) = c.tls.process_new_packets() {
			eprintln!("bench: rustls: {trouble}");
			return false;
		}
	}
	let room = std::slice::from_raw_parts_mut(out, cap);
	let mut at = 0;
	while c.tls.wants_write() {
		let mut free = &mut room[at..];
		let before = free.len();
		if c.tls.write_tls(&mut free).is_err() {
			return false;
		}
		at += before - free.len();
	}
	*out_len = at;
	true
}

unsafe extern "C" fn done(conn: *mut c_void) -> bool {
	!(*(conn as *mut Conn)).tls.is_handshaking()
}

unsafe extern "C" fn resumed(conn: *mut c_void) -> bool {
	(*(conn as *mut Conn)).tls.handshake_kind() == Some(HandshakeKind::Resumed)
}

/// The session stays in the store; what is handed out is the mark that there is one.
unsafe extern "C" fn session(conn: *mut c_void) -> *mut c_void {
	(*(conn as *mut Conn)).config as *mut c_void
}

unsafe extern "C" fn session_free(_session: *mut c_void) {}

unsafe extern "C" fn send_to(conn: *mut c_void, text: *const u8, len: usize, out: *mut u8, cap: usize, out_len: *mut usize) -> bool {
	let c = &mut *(conn as *mut Conn);
	if c.tls.writer().write_all(from_raw_parts(text, len)).is_err() {
		return false;
	}
	let mut at = 0;
	if out.is_null() {
		let mut sink = Sink(0);
		while c.tls.wants_write() {
			if c.tls.write_tls(&mut sink).is_err() {
				return false;
			}
		}
		at = sink.0;
	} else {
		let room = std::slice::from_raw_parts_mut(out, cap);
		while c.tls.wants_write() {
			let mut free = &mut room[at..];
			match c.tls.write_tls(&mut free) {
				Ok(n) => at += n,
				Err(_) => return false,
			}
		}
	}
	*out_len = at;
	true
}

/// Counts and drops.
struct Sink(usize);

impl Write for Sink {
	fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
		self.0 += buf.len();
		Ok(buf.len())
	}
	fn flush(&mut self) -> std::io::Result<()> {
		Ok(())
	}
}

unsafe extern "C" fn send(conn: *mut c_void, text: *const u8, len: usize, out_len: *mut usize) -> bool {
	send_to(conn, text, len, std::ptr::null_mut(), 0, out_len)
}

unsafe extern "C" fn receive(conn: *mut c_void, input: *const u8, len: usize) -> usize {
	let c = &mut *(conn as *mut Conn);
	let mut rest = from_raw_parts(input, len);
	let mut text = [0u8; 16384];
	let mut all = 0;
	while !rest.is_empty() {
		if c.tls.read_tls(&mut rest).is_err() || c.tls.process_new_packets().is_err() {
			return 0;
		}
		while let Ok(n) = c.tls.reader().read(&mut text) {
			if n == 0 {
				break;
			}
			all += n;
		}
	}
	all
}

unsafe extern "C" fn rest(_conn: *mut c_void) {}

#[repr(C)]
pub struct Stack {
	name: *const c_char,
	config_new: unsafe extern "C" fn(*const Chain, bool, c_int) -> *mut c_void,
	config_free: unsafe extern "C" fn(*mut c_void),
	open: unsafe extern "C" fn(*mut c_void, bool, *mut c_void) -> *mut c_void,
	close: unsafe extern "C" fn(*mut c_void),
	step: unsafe extern "C" fn(*mut c_void, *mut u8, usize, *mut u8, usize, *mut usize) -> bool,
	done: unsafe extern "C" fn(*mut c_void) -> bool,
	resumed: unsafe extern "C" fn(*mut c_void) -> bool,
	session: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
	session_free: unsafe extern "C" fn(*mut c_void),
	send: unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut usize) -> bool,
	send_to: unsafe extern "C" fn(*mut c_void, *const u8, usize, *mut u8, usize, *mut usize) -> bool,
	receive: unsafe extern "C" fn(*mut c_void, *const u8, usize) -> usize,
	rest: unsafe extern "C" fn(*mut c_void),
}

unsafe impl Sync for Stack {}

#[no_mangle]
pub static stack_peer: Stack = Stack {
	name: c"rustls".as_ptr(),
	config_new,
	config_free,
	open,
	close,
	step,
	done,
	resumed,
	session,
	session_free,
	send,
	send_to,
	receive,
	rest,
};
