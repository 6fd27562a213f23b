/// What models may take of a process's memory.
package struct ModelShares: Sendable {
    /// For versions that nothing in force uses.
    package var shelf: VersionShelf.Limits
    /// Bytes of a file that comes in parts.
    package var largestUpload: Int

    /// What parsing and compiling may take beside four times the file.
    private static let loaderBytes = 64 << 20
    /// The smallest limit of uploads: what one message may bring as well.
    private static let leastUpload = 32 << 20

    /// Shares of what the process may use: a quarter for idle versions, a half while a file is checked,
    /// which takes its bytes and what they are compiled with.
    package init(ofMemory bytes: Int) {
        shelf = VersionShelf.Limits(bytes: min(bytes / 4, VersionShelf.Limits().bytes))
        largestUpload = min(
            max((bytes / 2 - Self.loaderBytes) / 5, Self.leastUpload),
            ArtifactFolder.maximumBytes)
    }
}
