/// The public keys of an issuer [RFC 7517], by `kid`. Immutable; who uses one sees all of it.
final class KeySet: Sendable {
    /// Why a document is not taken as a key set.
    enum Refusal: Error, Hashable, CustomStringConvertible {
        case tooLarge
        case unreadable(String)
        case tooManyKeys
        case duplicate(String)
        /// No key in it can verify a token.
        case empty

        var description: String {
            switch self {
            case .tooLarge: "is larger than \(KeySet.maximumBytes) bytes"
            case .unreadable(let why): "cannot be read: \(why)"
            case .tooManyKeys: "has more than \(KeySet.maximumKeys) keys"
            case .duplicate(let kid): "has the kid \"\(kid)\" twice"
            case .empty: "has no key that tokens can be verified with"
            }
        }
    }

    static let maximumBytes = 256 << 10
    static let maximumKeys = 64
    static let maximumKeyIDBytes = 128

    let keys: [String: PinnedKey]
    /// Keys that were left out, and why: for the log.
    let skipped: [String]

    /// - Parameter algorithm: Of RSA keys that name none.
    init(
        json: [UInt8], algorithm: GatewayConfiguration.Algorithm?
    ) throws(Refusal) {
        guard json.count <= Self.maximumBytes else { throw .tooLarge }
        let document: [String: JSONValue]
        do throws(JSONRefusal) {
            document = try TokenJSON.object(json[...], maximumValues: 4096)
        } catch {
            throw .unreadable(error.message)
        }
        guard let list = document["keys"]?.list else { throw .unreadable("has no list of keys") }
        guard list.count <= Self.maximumKeys else { throw .tooManyKeys }
        var keys: [String: PinnedKey] = [:]
        var seen: Set<String> = []
        var skipped: [String] = []
        for (index, item) in list.enumerated() {
            guard let members = item.object else { throw .unreadable("key \(index) is no object") }
            guard let kid = members["kid"]?.text,
                (1...Self.maximumKeyIDBytes).contains(kid.utf8.count)
            else {
                skipped.append("key \(index): no kid of 1 to \(Self.maximumKeyIDBytes) bytes")
                continue
            }
            guard seen.insert(kid).inserted else { throw .duplicate(kid) }
            do throws(PinnedKey.Problem) {
                keys[kid] = try PinnedKey(members, standard: algorithm)
            } catch {
                skipped.append("key \(index): \(error)")
            }
        }
        guard !keys.isEmpty else { throw .empty }
        self.keys = keys
        self.skipped = skipped
    }

    /// Whether both hold the same keys under the same names.
    func says(theSameAs other: KeySet) -> Bool {
        keys.count == other.keys.count
            && keys.allSatisfy { other.keys[$0.key]?.fingerprint == $0.value.fingerprint }
    }
}
