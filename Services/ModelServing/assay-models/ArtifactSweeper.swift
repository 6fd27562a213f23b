import Logging
import ModelCore
import ServiceRuntime

/// Removes the files of erased versions, at the start and each hour.
struct ArtifactSweeper: Sendable {
    private static let interval = Duration.seconds(3_600)

    private let registry: ModelRegistry
    private let logger: Logger

    init(_ registry: ModelRegistry, _ environment: ServiceEnvironment) {
        self.registry = registry
        logger = environment.logger
    }

    /// Until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                for digest in try await registry.sweepArtifacts() {
                    logger.notice(
                        "the model file of erased versions is removed",
                        metadata: ["sha256": "\(digest)"])
                }
            } catch {
                logger.warning(
                    "erased model files could not be removed; tried again in an hour",
                    metadata: ["reason": "\(error)"])
            }
            try? await Task.sleep(for: Self.interval)
        }
    }
}
