internal import AssayMessages
internal import Storage
internal import Wire

extension Family {
    /// SHA-256 of a definition set → its files.
    static let definitions: Family = "definitions"
}

/// The definitions that a store was given, by their hash, and which of them are in force.
struct DefinitionArchive: Sendable {
    private static let place: [UInt8] = Array("definitions".utf8)
    private static let limits = DecodeLimits(bytes: 8 << 20)

    let store: any KeyValueStore

    /// Nil if the store was never told.
    func row() throws -> AssayFeaturesV1.DefinitionsRow? {
        guard let bytes = try store.get(Self.place, in: .meta) else { return nil }
        do {
            return try AssayFeaturesV1.DefinitionsRow(
                decoding: bytes, door: .strict, limits: Self.limits)
        } catch {
            throw StorageError(.corrupt, "which definitions are in force: \(error)")
        }
    }

    func put(_ row: AssayFeaturesV1.DefinitionsRow, to batch: inout WriteBatch) {
        batch.put(Self.place, row.encoded(), in: .meta)
    }

    func sources(of hash: [UInt8]) throws -> DefinitionSources? {
        guard let bytes = try store.get(hash, in: .definitions) else { return nil }
        do {
            let stored = try AssayFeaturesV1.StoredDefinitions(
                decoding: bytes, door: .strict, limits: Self.limits)
            return DefinitionSources(
                Dictionary(
                    stored.files.map { ($0.path, $0.text) }, uniquingKeysWith: { a, _ in a }))
        } catch {
            throw StorageError(.corrupt, "the files of a definition set: \(error)")
        }
    }

    func put(_ sources: DefinitionSources, of hash: [UInt8], to batch: inout WriteBatch) {
        let files = sources.texts.sorted { $0.key < $1.key }.map {
            AssayFeaturesV1.DefinitionText(path: $0.key, text: $0.value)
        }
        batch.put(hash, AssayFeaturesV1.StoredDefinitions(files: files).encoded(), in: .definitions)
    }
}
