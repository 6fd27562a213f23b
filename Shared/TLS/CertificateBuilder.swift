internal import COpenSSL

/// Assembles and signs one X.509 certificate [RFC 5280].
struct CertificateBuilder {
    private let certificate: X509Certificate

    init(
        commonName: String, validity: CertificateValidity, key: PrivateKey
    ) throws(TLSError) {
        OpenSSLErrorQueue.clear()
        guard let pointer = X509_new() else { throw .openSSL(.configuration, "out of memory") }
        certificate = X509Certificate(owning: pointer)
        // Version 3 is spelled 2.
        X509_set_version(pointer, 2)
        try setSerialNumber()
        guard ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(validity.notBefore)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(validity.notAfter)) != nil,
            X509_set_pubkey(pointer, key.pointer) == 1,
            X509_NAME_add_entry_by_txt(
                X509_get_subject_name(pointer), "CN", mbstringUTF8,
                Array(commonName.utf8), Int32(commonName.utf8.count), -1, 0) == 1
        else { throw .openSSL(.configuration, "'\(commonName)' cannot be put into a certificate") }
    }

    /// 128 random bits, positive [RFC 5280, section 4.1.2.2].
    private func setSerialNumber() throws(TLSError) {
        guard let number = BN_new() else { throw .openSSL(.configuration, "out of memory") }
        defer { BN_free(number) }
        guard BN_rand(number, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1,
            BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate.pointer)) != nil
        else { throw .openSSL(.configuration, "cannot make a serial number") }
    }

    /// Adds an extension in OpenSSL's own notation; `value` is always a literal of ours.
    func add(
        _ extensionID: Int32, _ value: String, issuer: X509Certificate
    ) throws(TLSError) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, issuer.pointer, certificate.pointer, nil, nil, 0)
        guard let made = X509V3_EXT_nconf_nid(nil, &context, extensionID, value) else {
            throw .openSSL(.configuration, "extension \(value) cannot be made")
        }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(certificate.pointer, made, -1) == 1 else {
            throw .openSSL(.configuration, "extension \(value) cannot be added")
        }
    }

    func addToItself(_ extensionID: Int32, _ value: String) throws(TLSError) {
        try add(extensionID, value, issuer: certificate)
    }

    /// Adds the subject alternative names.
    func add(names: [AlternativeName]) throws(TLSError) {
        guard !names.isEmpty else { return }
        guard let stack = OPENSSL_sk_new_null() else {
            throw .openSSL(.configuration, "out of memory")
        }
        defer { GENERAL_NAMES_free(stack) }
        for name in names {
            // From the push on, the stack owns the name.
            OPENSSL_sk_push(stack, try name.makeGeneralName())
        }
        let list = UnsafeMutableRawPointer(stack)
        guard
            X509_add1_ext_i2d(
                certificate.pointer, NID_subject_alt_name, list, 0, UInt(X509V3_ADD_DEFAULT)) == 1
        else { throw .openSSL(.configuration, "the alternative names cannot be added") }
    }

    /// Signs with the issuer's key and hands the certificate over.
    func signed(
        by key: PrivateKey, issuer: X509Certificate
    ) throws(TLSError) -> X509Certificate {
        try sign(by: key, issuerName: X509_get_subject_name(issuer.pointer))
        return certificate
    }

    func selfSigned(by key: PrivateKey) throws(TLSError) -> X509Certificate {
        try sign(by: key, issuerName: X509_get_subject_name(certificate.pointer))
        return certificate
    }

    private func sign(by key: PrivateKey, issuerName: OpaquePointer?) throws(TLSError) {
        guard X509_set_issuer_name(certificate.pointer, issuerName) == 1,
            X509_sign(certificate.pointer, key.pointer, EVP_sha256()) > 0
        else { throw .openSSL(.configuration, "the certificate cannot be signed") }
    }
}

extension X509Certificate {
    func pem() throws(TLSError) -> [UInt8] {
        let output = try MemoryBIO()
        guard PEM_write_bio_X509(output.pointer, pointer) == 1 else {
            throw .openSSL(.configuration, "the certificate cannot be written")
        }
        return output.contents()
    }
}

/// `MBSTRING_UTF8`, a cast of a macro in OpenSSL's headers.
private let mbstringUTF8: Int32 = 0x1000
