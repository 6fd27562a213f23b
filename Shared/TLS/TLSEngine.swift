internal import COpenSSL
public import NIOCore

/// One TLS connection without its socket: ciphertext in, plaintext out, and back.
///
/// The caller moves the bytes. After every call it sends what `takeOutput` yields; when bytes have come
/// it calls `handshake` or `read` until they ask for more input. Not for use by two threads at once.
public final class TLSEngine {
    public enum ReadResult: Sendable, Hashable {
        /// So many bytes of plaintext were written into the caller's memory; there may be more.
        case bytes(Int)
        /// All plaintext that can be had from the input so far has been read.
        case needsInput
        /// The peer has said that it will send no more (`close_notify`).
        case closed
    }

    let context: TLSContext
    var verificationFailure: CertificateVerification.Failure?
    private let ssl: OpaquePointer
    /// Ciphertext from the peer and for the peer.
    private let wire = EngineWire()
    public private(set) var isEstablished = false

    public init(_ context: TLSContext) throws(TLSError) {
        OpenSSLErrorQueue.clear()
        guard let ssl = SSL_new(context.pointer) else {
            throw .openSSL(.configuration, "cannot create a connection")
        }
        guard let bio = wire.makeBIO() else {
            SSL_free(ssl)
            throw .openSSL(.configuration, "cannot create a BIO")
        }
        // Both ends are one BIO, which `ssl` owns from here on.
        SSL_set_bio(ssl, bio, bio)
        self.context = context
        self.ssl = ssl
        // Read by CertificateVerification during calls of this object's methods only.
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque())
        switch context.role {
        case .server: SSL_set_accept_state(ssl)
        case .client:
            SSL_set_connect_state(ssl)
            try nameServer()
        }
    }

    deinit {
        SSL_free(ssl)
    }

    static func of(_ ssl: OpaquePointer) -> TLSEngine? {
        SSL_get_ex_data(ssl, 0).map { Unmanaged<TLSEngine>.fromOpaque($0).takeUnretainedValue() }
    }

    private func nameServer() throws(TLSError) {
        guard let name = context.serverName else { return }
        let parameters = SSL_get0_param(ssl)
        let mustMatch = context.expectation == .serverName
        // An address goes into no SNI [RFC 6066, section 3] and is checked as an IP SAN.
        if X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1 {
            if !mustMatch { X509_VERIFY_PARAM_set1_ip(parameters, nil, 0) }
            return
        }
        OpenSSLErrorQueue.clear()
        let sent = name.withCString {
            SSL_ctrl(
                ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                UnsafeMutableRawPointer(mutating: $0))
        }
        guard sent == 1, !mustMatch || SSL_set1_host(ssl, name) == 1 else {
            throw .openSSL(.configuration, "'\(name)' is no server name")
        }
    }

    // MARK: Ciphertext

    /// Lends ciphertext from the peer to the calls that `body` makes. What they do not take is kept.
    public func receive<Result>(
        _ ciphertext: UnsafeRawBufferPointer, _ body: () -> Result
    ) -> Result {
        wire.lend(ciphertext, body)
    }

    /// Takes a copy of ciphertext from the peer.
    public func receive(_ ciphertext: UnsafeRawBufferPointer) { wire.keep(ciphertext) }

    /// Bytes of ciphertext that wait to be sent.
    public var pendingOutput: Int { wire.output.readableBytes }

    /// The ciphertext that waits to be sent.
    public func takeOutput() -> ByteBuffer { wire.takeOutput() }

    /// Makes room for the ciphertext of so much plaintext, at once instead of step by step.
    func reserveOutput(for plaintextBytes: Int) {
        let records = plaintextBytes / Self.recordBytes + 2
        wire.reserveOutput(plaintextBytes + records * Self.recordOverheadBytes)
    }

    /// Plaintext of a full record [RFC 8446, section 5.1].
    static let recordBytes = 16_384
    /// Header, content type and authentication tag of one record, rounded up [section 5.2].
    private static let recordOverheadBytes = 32

    // MARK: Handshake

    /// Goes on with the handshake; true once it is complete.
    public func handshake() throws(TLSError) -> Bool {
        guard !isEstablished else { return true }
        OpenSSLErrorQueue.clear()
        let result = SSL_do_handshake(ssl)
        if result == 1 {
            isEstablished = true
            return true
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return false
        default: throw handshakeError()
        }
    }

    private func handshakeError() -> TLSError {
        if let failure = verificationFailure {
            return .openSSL(
                .certificateRejected, "the peer's certificate is refused: \(failure.message)",
                verifyDepth: failure.depth)
        }
        return .openSSL(.handshake, "the handshake failed")
    }

    /// Who the peer is; nil before the handshake is complete, or if the peer showed no certificate.
    public var peer: PeerIdentity? {
        guard isEstablished, let pointer = SSL_get1_peer_certificate(ssl) else { return nil }
        return X509Certificate(owning: pointer).identity()
    }

    /// The application protocol both sides agreed on.
    public var applicationProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        guard let name, length > 0 else { return nil }
        return String(
            decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// The host name the client asked for (server) or was given (client).
    public var serverName: String? {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    /// "TLSv1.3".
    public var version: String { String(cString: SSL_get_version(ssl)) }

    // MARK: Plaintext

    /// Decrypts into the caller's memory, which must not be empty.
    public func read(into memory: UnsafeMutableRawBufferPointer) throws(TLSError) -> ReadResult {
        // The last call of a batch, without the work of finding out inside OpenSSL.
        if wire.isEmpty, SSL_has_pending(ssl) == 0 { return .needsInput }
        OpenSSLErrorQueue.clear()
        var count = 0
        let result = SSL_read_ex(ssl, memory.baseAddress, memory.count, &count)
        if result == 1 { return .bytes(count) }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .needsInput
        case SSL_ERROR_ZERO_RETURN: return .closed
        default: throw readError()
        }
    }

    private func readError() -> TLSError {
        // In TLS 1.3 a client learns only here that the server refused its certificate.
        let alerted = SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
        return alerted
            ? .openSSL(.closed, "the peer ended the connection with an alert")
            : .openSSL(.protocolViolation, "a record cannot be read")
    }

    /// Encrypts all of `plaintext`, which may be any length. Only after the handshake.
    public func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSError) {
        guard !plaintext.isEmpty else { return }
        OpenSSLErrorQueue.clear()
        var count = 0
        // The output grows, so a write is never partial.
        guard SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &count) == 1,
            count == plaintext.count
        else { throw .openSSL(.closed, "a record cannot be written") }
    }

    /// Queues `close_notify`, which tells the peer that no data was cut off.
    public func sendCloseNotify() {
        guard isEstablished else { return }
        OpenSSLErrorQueue.clear()
        SSL_shutdown(ssl)
        OpenSSLErrorQueue.clear()
    }
}
