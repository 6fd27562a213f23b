internal import COpenSSL

/// An owned `EVP_PKEY*` with the private half.
final class PrivateKey {
    /// Never nil; one reference belongs to this object.
    let pointer: OpaquePointer

    /// Reads an unencrypted key in PEM.
    init(pem: [UInt8]) throws(TLSError) {
        OpenSSLErrorQueue.clear()
        let input = try MemoryBIO(reading: pem)
        // The callback never asks for a passphrase on the terminal: an encrypted key is an error.
        guard
            let pointer = PEM_read_bio_PrivateKey(input.pointer, nil, { _, _, _, _ in -1 }, nil)
        else {
            throw .openSSL(.configuration, "the private key cannot be read")
        }
        self.pointer = pointer
    }

    /// Makes a new key on the P-256 curve.
    static func generateP256() throws(TLSError) -> PrivateKey {
        OpenSSLErrorQueue.clear()
        guard let generator = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else {
            throw .openSSL(.configuration, "cannot generate a key")
        }
        defer { EVP_PKEY_CTX_free(generator) }
        var pointer: OpaquePointer?
        guard EVP_PKEY_keygen_init(generator) == 1,
            EVP_PKEY_CTX_set_group_name(generator, "P-256") == 1,
            EVP_PKEY_generate(generator, &pointer) == 1, let pointer
        else { throw .openSSL(.configuration, "cannot generate a key") }
        return PrivateKey(owning: pointer)
    }

    private init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    func pem() throws(TLSError) -> [UInt8] {
        let output = try MemoryBIO()
        guard PEM_write_bio_PKCS8PrivateKey(output.pointer, pointer, nil, nil, 0, nil, nil) == 1
        else { throw .openSSL(.configuration, "cannot write a key") }
        return output.contents()
    }
}
