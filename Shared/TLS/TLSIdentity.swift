internal import COpenSSL

/// What one side shows of itself: a certificate chain and the key to it, both PEM.
public struct TLSIdentity: Sendable {
    /// Leaf first, then its issuers without the root.
    public let certificateChain: [UInt8]
    public let privateKey: [UInt8]

    public init(certificateChain: [UInt8], privateKey: [UInt8]) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
    }

    /// Reads both files; whether they fit together is found when a context is built.
    public init(certificateFile: String, keyFile: String) throws(TLSError) {
        self.init(
            certificateChain: try CredentialFile.read(certificateFile),
            privateKey: try CredentialFile.read(keyFile))
    }

    /// Writes the chain readable by all and the key by its owner only, each atomically.
    public func write(certificateFile: String, keyFile: String) throws(TLSError) {
        try CredentialFile.write(privateKey, to: keyFile, mode: 0o600)
        try CredentialFile.write(certificateChain, to: certificateFile, mode: 0o644)
    }

    /// What the leaf certificate says about its holder.
    public func subject() throws(TLSError) -> PeerIdentity {
        let chain = try X509Certificate.chain(pem: certificateChain, named: "the certificate chain")
        return chain[0].identity()
    }
}

/// Certificates of the authorities one side believes, PEM.
public struct TLSTrust: Sendable {
    public let certificates: [UInt8]

    public init(certificates: [UInt8]) {
        self.certificates = certificates
    }

    public init(file: String) throws(TLSError) {
        self.init(certificates: try CredentialFile.read(file))
    }

    /// Writes the bundle, readable by all.
    public func write(file: String) throws(TLSError) {
        try CredentialFile.write(certificates, to: file, mode: 0o644)
    }
}
