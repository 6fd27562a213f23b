internal import AssayMessages

extension RowKind {
    /// A shadow as it stands, in the chain of its model. Its id is its name.
    static let shadow: RowKind = "shadow"
}

extension RegistryTransaction {
    func shadow(_ name: String) async throws -> AssayModelsV1.Shadow? {
        try await message(.shadow, Array(name.utf8))
    }

    /// Every shadow of this chain's model, also those that have ended.
    func shadows() async throws -> [AssayModelsV1.Shadow] {
        try await messages(.shadow)
    }

    /// Shadows that score with the version and have not ended.
    func shadows(using version: UInt32) async throws -> [String] {
        try await shadows().filter { $0.state == .running && $0.specification.version == version }
            .map(\.specification.shadow)
    }
}
