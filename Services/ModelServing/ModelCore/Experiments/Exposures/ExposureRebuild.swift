public import AssayMessages

/// An index of first exposures while it is made anew, in any order of exposures.
public final class ExposureRebuild: Sendable {
    private let index: ExposureIndex
    private let generation: UInt32

    init(_ index: ExposureIndex, _ generation: UInt32) {
        self.index = index
        self.generation = generation
    }

    public func add(_ exposures: [AssayModelsV1.Exposure]) async throws {
        guard !exposures.isEmpty else { return }
        try await index.onQueue { [index, generation] in
            try index.merge(exposures, into: generation)
        }
    }

    /// Puts the new index in place of the old one.
    ///
    /// - Returns: the units in it.
    public func finish() async throws -> UInt64 {
        try await index.onQueue { [index, generation] in try index.finishRebuild(generation) }
    }

    /// Gives the new index up; the old one stays.
    public func abandon() async {
        try? await index.onQueue { [index] in try index.abandonRebuild() }
    }
}
