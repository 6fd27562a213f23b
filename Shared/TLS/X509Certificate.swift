internal import COpenSSL

/// An owned `X509*`.
final class X509Certificate {
    /// Never nil; one reference belongs to this object.
    let pointer: OpaquePointer

    /// Takes over one reference.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        X509_free(pointer)
    }

    /// Every certificate of a PEM file, in order.
    static func chain(pem: [UInt8], named name: String) throws(TLSError) -> [X509Certificate] {
        OpenSSLErrorQueue.clear()
        let input = try MemoryBIO(reading: pem)
        var chain: [X509Certificate] = []
        while let pointer = PEM_read_bio_X509(input.pointer, nil, nil, nil) {
            chain.append(X509Certificate(owning: pointer))
            guard chain.count <= maximumChainLength else {
                throw TLSError(
                    .configuration, "\(name) has over \(maximumChainLength) certificates")
            }
        }
        // The loop ends with PEM_R_NO_START_LINE at the end of a good file.
        let last = ERR_peek_last_error()
        let ended = reasonNumber(of: last) == PEM_R_NO_START_LINE
        guard ended, !chain.isEmpty else {
            let found = chain.isEmpty ? "has no certificate" : "has a damaged certificate"
            throw .openSSL(.configuration, "\(name) \(found)")
        }
        OpenSSLErrorQueue.clear()
        return chain
    }

    private static let maximumChainLength = 256

    private static func reasonNumber(of code: UInt) -> Int32 {
        // `ERR_GET_REASON` is an inline function over the same mask in OpenSSL 3.
        Int32(truncatingIfNeeded: code & 0x7F_FFFF)
    }
}

extension X509Certificate {
    /// What the certificate says about its holder. Nothing in it is trusted before the chain is.
    func identity() -> PeerIdentity {
        let names = alternativeNames()
        return PeerIdentity(
            spiffeID: names.uris.count == 1 ? names.uris[0].flatMap { SPIFFEID($0) } : nil,
            dnsNames: names.dnsNames, fingerprint: fingerprint(), expiresAt: expiresAt())
    }

    /// Why the URI names are not those of one workload, or of none; nil if they are.
    func uriFault() -> String? {
        let uris = alternativeNames().uris
        if uris.count > 1 { return "the certificate has \(uris.count) URI names instead of one" }
        guard let uri = uris.first else { return nil }
        guard let uri, SPIFFEID(uri) != nil else {
            return "the certificate's URI name is no SPIFFE ID"
        }
        return nil
    }

    /// URI names that are not printable ASCII are nil: there, and not to be used.
    private func alternativeNames() -> (uris: [String?], dnsNames: [String]) {
        var uris: [String?] = []
        var dnsNames: [String] = []
        forEachAlternativeName { kind, text in
            switch kind {
            case GEN_URI: uris.append(text)
            case GEN_DNS: if let text { dnsNames.append(text) }
            default: break
            }
        }
        return (uris, dnsNames)
    }

    private static let maximumAlternativeNames = 100

    private func forEachAlternativeName(_ body: (Int32, String?) -> Void) {
        guard
            let extensionValue = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil)
        else { return }
        let names = OpaquePointer(extensionValue)
        defer { GENERAL_NAMES_free(names) }
        for index in 0..<min(OPENSSL_sk_num(names), Int32(Self.maximumAlternativeNames)) {
            guard let entry = OPENSSL_sk_value(names, index) else { continue }
            let name = entry.assumingMemoryBound(to: GENERAL_NAME.self)
            guard name.pointee.type == GEN_URI || name.pointee.type == GEN_DNS else { continue }
            var kind: Int32 = 0
            guard let value = GENERAL_NAME_get0_value(name, &kind) else { continue }
            body(kind, Self.text(OpaquePointer(value)))
        }
    }

    /// Printable ASCII only: a NUL or line break inside a name is a forgery attempt, and there is no name.
    private static func text(_ string: OpaquePointer) -> String? {
        let string = UnsafePointer<ASN1_STRING>(string)
        guard let data = ASN1_STRING_get0_data(string) else { return nil }
        let bytes = UnsafeBufferPointer(start: data, count: Int(ASN1_STRING_length(string)))
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func fingerprint() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard X509_digest(pointer, EVP_sha256(), &digest, &length) == 1 else { return [] }
        return Array(digest.prefix(Int(length)))
    }

    func expiresAt() -> Int64 { Self.seconds(X509_get0_notAfter(pointer)) }

    func validFrom() -> Int64 { Self.seconds(X509_get0_notBefore(pointer)) }

    /// Seconds since 1970 (UTC); 0 for a time that is none.
    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let epoch = ASN1_TIME_set(nil, 0) else { return 0 }
        defer { ASN1_STRING_free(epoch) }
        guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }
}
