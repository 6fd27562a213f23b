package import AssayMessages
internal import Crypto
package import Wire

extension RegistryTransaction {
    /// A row of this chain as a message; nil if there is none.
    package func message<M: WireMessage>(
        _ kind: RowKind, _ id: [UInt8], as type: M.Type = M.self
    ) async throws -> M? {
        guard let bytes = try await get(kind, id) else { return nil }
        return try RegistryRows.message(RegistryRow(RegistryKey(kind, chain, id), bytes))
    }

    func alias(_ name: String) async throws -> AssayModelsV1.Alias? {
        try await message(.alias, Array(name.utf8))
    }

    /// Writes a row and the event that speaks of it. The event names the row and its digest: a bit that
    /// flips in the row later shows.
    package mutating func put(
        _ key: RegistryKey, _ message: some WireMessage, _ event: AssayModelsV1.Event
    ) throws {
        let bytes = message.encoded()
        put(key, bytes)
        var event = event
        event.row = key.rowName
        event.rowDigest = Array(SHA256.hash(data: bytes))
        try append(event)
    }
}

extension RegistryKey {
    /// How events name a row: `version/7`, `alias/champion`.
    package var rowName: String {
        "\(kind.name)/"
            + (kind.isNumbered ? "\(BigEndian.number(id))" : String(decoding: id, as: UTF8.self))
    }

    /// The row of a chain that an event names; nil for a name that is none.
    package init?(row name: String, of chain: String) {
        guard let slash = name.firstIndex(of: "/") else { return nil }
        let kind = RowKind(String(name[..<slash]))
        let rest = name[name.index(after: slash)...]
        if kind.isNumbered {
            guard let number = UInt32(rest) else { return nil }
            self.init(kind, chain, number)
        } else {
            self.init(kind, chain, String(rest))
        }
    }
}

extension RowKind {
    /// Whether the ids of its rows are numbers of 32 bits.
    var isNumbered: Bool { self == .version || self == .status }
}
