internal import COpenSSL

/// One subject alternative name of a certificate [RFC 5280, section 4.2.1.6].
enum AlternativeName {
    case uri(String)
    case dns(String)
    case ip(String)

    /// A new `GENERAL_NAME*`, owned by the caller.
    func makeGeneralName() throws(TLSError) -> UnsafeMutableRawPointer {
        OpenSSLErrorQueue.clear()
        let (kind, value) =
            switch self {
            case .uri(let text): (GEN_URI, try Self.text(text))
            case .dns(let text): (GEN_DNS, try Self.text(text))
            case .ip(let text): (GEN_IPADD, try Self.address(text))
            }
        guard let name = GENERAL_NAME_new() else {
            throw .openSSL(.configuration, "out of memory")
        }
        // From here on the name owns the value.
        GENERAL_NAME_set0_value(name, kind, value)
        return UnsafeMutableRawPointer(name)
    }

    private static func text(_ text: String) throws(TLSError) -> UnsafeMutableRawPointer {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.allSatisfy({ (0x21...0x7E).contains($0) }),
            let string = ASN1_STRING_type_new(V_ASN1_IA5STRING),
            ASN1_STRING_set(string, bytes, Int32(bytes.count)) == 1
        else { throw TLSError(.configuration, "'\(text)' is no certificate name") }
        return UnsafeMutableRawPointer(string)
    }

    private static func address(_ text: String) throws(TLSError) -> UnsafeMutableRawPointer {
        guard let address = a2i_IPADDRESS(text) else {
            throw .openSSL(.configuration, "'\(text)' is no IP address")
        }
        return UnsafeMutableRawPointer(address)
    }
}
