import Crypto

/// A secret that stored MACs depend on, kept apart from them.
public struct Pepper: Sendable {
    let version: Int
    let key: SymmetricKey

    /// - Parameter secret: At least 16 bytes.
    public init?(version: Int, secret: [UInt8]) {
        guard secret.count >= 16 else { return nil }
        self.version = version
        key = SymmetricKey(data: secret)
    }

    /// What is stored of a key: HMAC-SHA-256(pepper, "assay-key-1" ‖ 0x00 ‖ id ‖ secret).
    public func mac(of key: APIKey) -> [UInt8] {
        Array(authenticationCode(of: key))
    }

    func authenticationCode(of key: APIKey) -> HMAC<SHA256>.MAC {
        var hmac = HMAC<SHA256>(key: self.key)
        hmac.update(data: Self.domain)
        hmac.update(data: Array(key.id.utf8))
        hmac.update(data: key.secret)
        return hmac.finalize()
    }

    private static let domain = Array("assay-key-1\u{0}".utf8)
}

/// A stored key: everything but its secret.
public struct APIKeyRecord: Sendable {
    public enum State: String, Sendable, Hashable { case active, revoked }

    public var id: String
    public var mac: [UInt8]
    public var pepper: Int
    /// Seconds since 1970; outside of these the key is refused.
    public var notBefore: Int64?
    public var expires: Int64?
    public var state: State
    public var principal: Principal

    public init(
        id: String, mac: [UInt8], pepper: Int, notBefore: Int64? = nil, expires: Int64? = nil,
        state: State = .active, principal: Principal
    ) {
        self.id = id
        self.mac = mac
        self.pepper = pepper
        self.notBefore = notBefore
        self.expires = expires
        self.state = state
        self.principal = principal
    }
}

/// Turns the text of an API key into the principal it stands for.
///
/// A known and an unknown id cost the same: the unknown one is computed against a dummy record.
public struct APIKeyVerifier: Sendable {
    public enum Refusal: Error, Hashable {
        case malformed, wrongCheck, unknown, expired, notYetValid, revoked
    }

    private let records: [String: APIKeyRecord]
    private let peppers: [Int: Pepper]
    private let dummyPepper: Pepper
    private let dummyMAC = [UInt8](repeating: 0, count: 32)

    /// - Precondition: Every record's pepper is among `peppers`, and there is at least one; the
    ///   loader of the key file has seen to that.
    public init(records: [APIKeyRecord], peppers: [Pepper]) {
        precondition(!peppers.isEmpty, "at least one pepper")
        self.peppers = Dictionary(peppers.map { ($0.version, $0) }) { first, _ in first }
        self.records = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
        dummyPepper = peppers[0]
        precondition(records.allSatisfy { self.peppers[$0.pepper] != nil }, "a known pepper")
    }

    /// - Parameter wallClock: Seconds since 1970.
    public func verify(
        _ text: some Collection<UInt8>, wallClock: Int64
    ) throws(Refusal) -> Principal {
        let key: APIKey
        do throws(APIKey.ParseError) {
            key = try APIKey(parsing: text)
        } catch {
            throw error == .wrongCheck ? .wrongCheck : .malformed
        }
        let record = records[key.id]
        let pepper = record.flatMap { peppers[$0.pepper] } ?? dummyPepper
        let matches = Self.equal(pepper.authenticationCode(of: key), record?.mac ?? dummyMAC)
        guard let record, matches else { throw .unknown }
        guard record.state == .active else { throw .revoked }
        if let notBefore = record.notBefore, wallClock < notBefore { throw .notYetValid }
        if let expires = record.expires, wallClock >= expires { throw .expired }
        return record.principal
    }

    /// Compares every byte, whatever the first ones say.
    private static func equal(_ code: HMAC<SHA256>.MAC, _ stored: [UInt8]) -> Bool {
        code.withUnsafeBytes { computed in
            guard computed.count == stored.count else { return false }
            var difference: UInt8 = 0
            for index in stored.indices { difference |= computed[index] ^ stored[index] }
            return difference == 0
        }
    }
}
