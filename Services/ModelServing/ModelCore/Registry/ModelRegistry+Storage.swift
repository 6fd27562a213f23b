public import Storage

extension ModelRegistry {
    /// The families of rows that the registry's store must be opened with.
    public static let families: [Family] = [EmbeddedRegistryStore.family]
}
