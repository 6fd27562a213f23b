public import Storage

extension ModelRegistry {
    /// The families of rows that the registry's store must be opened with.
    public static let families: [Family] = [EmbeddedRegistryStore.family]

    /// All families of the store that a process of model serving keeps.
    public static let allFamilies: [Family] =
        families + ExposureIndex.families + OutcomeLog.families + ShadowLog.families
}
