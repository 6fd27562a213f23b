import ArgumentParser
import ModelCore
import RPC

/// How much memory models may take. Unless said, shares of what the process may use: of its control
/// group's limit, or of the machine's memory.
struct MemoryOptions: ParsableArguments {
    @Option(
        help: """
            Memory for versions that are loaded and not in use, in MiB; by default a quarter of what \
            there is, at most 4096.
            """)
    var idleVersionsMebibytes: Int?

    @Option(help: "Versions that stay loaded though they are not in use, at most.")
    var idleVersions = VersionShelf.Limits().versions

    @Option(
        help: """
            The largest model file that may come in parts, in MiB. Checking one takes five times as \
            much; by default as much as fits into half of the memory, at most 512.
            """)
    var largestUploadMebibytes: Int?

    func validate() throws {
        guard (1...1_048_576).contains(idleVersionsMebibytes ?? 1) else {
            throw ValidationError("--idle-versions-mebibytes must be 1 to 1048576")
        }
        guard (1...100_000).contains(idleVersions) else {
            throw ValidationError("--idle-versions must be 1 to 100000")
        }
        guard (1...512).contains(largestUploadMebibytes ?? 1) else {
            throw ValidationError("--largest-upload-mebibytes must be 1 to 512")
        }
    }

    /// - Parameter memory: bytes that the process may use.
    func limits(memory: Int = ProcessMemory.shared.limit) -> ModelShares {
        var limits = ModelShares(ofMemory: memory)
        limits.shelf.versions = idleVersions
        if let idleVersionsMebibytes { limits.shelf.bytes = idleVersionsMebibytes << 20 }
        if let largestUploadMebibytes { limits.largestUpload = largestUploadMebibytes << 20 }
        return limits
    }
}
