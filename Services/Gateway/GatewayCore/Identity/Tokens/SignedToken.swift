/// A JSON web token [RFC 7519] taken apart, in the compact form that RFC 7515 gives it. Nothing in it
/// is believed before its signature is.
struct SignedToken {
    static let maximumBytes = 8 << 10

    let algorithm: GatewayConfiguration.Algorithm
    let keyID: String
    let claims: [String: JSONValue]
    /// What the signature is over: the first two parts and the point between them.
    let signedBytes: ArraySlice<UInt8>
    let signature: [UInt8]

    /// Reads form and header. `jku`, `x5u`, `jwk` and `x5c` are not looked at: where keys come from
    /// is for the configuration to say.
    init(parsing token: ArraySlice<UInt8>) throws(TokenRefusal) {
        guard token.count <= Self.maximumBytes else { throw .tooLarge }
        let parts = token.split(
            separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, let head = Base64URL.decode(parts[0]),
            let body = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2])
        else { throw .malformed }
        let header: [String: JSONValue]
        do throws(JSONRefusal) {
            header = try TokenJSON.object(head[...])
            claims = try TokenJSON.object(body[...])
        } catch {
            throw .malformed
        }
        guard header["crit"] == nil else { throw .critical }
        guard Self.isType(header["typ"]) else { throw .type }
        guard
            let algorithm = header["alg"]?.text.flatMap({
                GatewayConfiguration.Algorithm(rawValue: $0)
            })
        else { throw .algorithm }
        guard let keyID = header["kid"]?.text,
            (1...KeySet.maximumKeyIDBytes).contains(keyID.utf8.count)
        else { throw .keyID }
        self.algorithm = algorithm
        self.keyID = keyID
        self.signature = signature
        signedBytes = token[parts[0].startIndex..<parts[1].endIndex]
    }

    /// Absent, `JWT` or `at+jwt`, as media types are compared [RFC 7515, section 4.1.9; RFC 9068].
    private static func isType(_ value: JSONValue?) -> Bool {
        guard let value else { return true }
        guard var type = value.text?.lowercased() else { return false }
        if type.hasPrefix("application/") { type.removeFirst("application/".count) }
        return type == "jwt" || type == "at+jwt"
    }
}
