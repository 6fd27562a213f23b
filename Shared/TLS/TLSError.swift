/// What went wrong in TLS: while a context was built, in a handshake, or on an open connection.
public struct TLSError: Error, Sendable, Hashable {
    public enum Code: String, Sendable, Hashable {
        /// A certificate, key or trust bundle cannot be read, parsed or used together.
        case configuration
        /// The peers could not agree: version, cipher, ALPN, alert from the other side.
        case handshake
        /// The peer's certificate is missing, does not verify, or is not on the allow-list.
        case certificateRejected
        /// The handshake took longer than allowed.
        case handshakeTimeout
        /// The peer broke the record protocol after the handshake.
        case protocolViolation
        /// The connection ended where it must not.
        case closed
    }

    public let code: Code
    /// One sentence: what was attempted and what was found.
    public let message: String
    /// OpenSSL's reason texts, the first cause first. Empty if OpenSSL had nothing to say.
    public let reasons: [String]
    /// Position in the certificate chain (0 = the peer's own) at which verification stopped.
    public let verifyDepth: Int?
    /// "10.0.0.7:40112"; nil if no connection was concerned.
    public private(set) var peerAddress: String?

    public init(
        _ code: Code, _ message: String, reasons: [String] = [], verifyDepth: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.reasons = reasons
        self.verifyDepth = verifyDepth
    }
}

extension TLSError {
    /// The same, of a connection to this peer.
    func with(peer address: String?) -> TLSError {
        var error = self
        error.peerAddress = address ?? peerAddress
        return error
    }
}

extension TLSError: CustomStringConvertible {
    public var description: String {
        var text = "TLS \(code.rawValue): \(message)"
        if !reasons.isEmpty { text += " (\(reasons.joined(separator: "; ")))" }
        if let verifyDepth { text += " at certificate depth \(verifyDepth)" }
        if let peerAddress { text += ", peer \(peerAddress)" }
        return text
    }
}
