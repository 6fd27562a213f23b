import ArgumentParser
import AssayMessages
import Foundation
import Wire

/// Makes the index of first exposures anew from an exported decision log.
struct ExperimentsRebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Makes the index of first exposures anew from the decision log.",
        discussion: """
            The log is what `assay-risk --verify-log DIR --export FILE` writes: exposures are sealed \
            in it with their decisions. The old index is read until the new one is whole; calls \
            meanwhile are in both.
            """)

    @Option(help: "Exported decision log.") var fromLog: String
    @OptionGroup var service: ExperimentsOptions

    private static let chunkBytes = 512 << 10

    func run() async throws {
        let chunks = try chunks(of: Array(NamedFile.bytes(fromLog)))
        let summary = try await service.call(deadline: ExperimentsOptions.longest) {
            client, options in
            try await client.rebuildExposures(options: options) { requests in
                for chunk in chunks { try await requests.write(.init(records: chunk)) }
            }
        }
        print(
            "\(summary.records) decisions read, \(summary.exposures) met an arm: "
                + "\(summary.units) units in the index, \(summary.facts) new facts for metrics")
    }

    /// Whole records, up to half a mebibyte of them together.
    private func chunks(of bytes: [UInt8]) throws -> [[UInt8]] {
        var chunks: [[UInt8]] = []
        var chunk: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let length: Int
            do {
                length = try SealedRecordLayout(rest).end
            } catch {
                throw Complaint("\(fromLog): byte \(rest.startIndex): \(error)")
            }
            if !chunk.isEmpty, chunk.count + length > Self.chunkBytes {
                chunks.append(chunk)
                chunk = []
            }
            chunk += rest.prefix(length)
            rest = rest.dropFirst(length)
        }
        if !chunk.isEmpty { chunks.append(chunk) }
        return chunks
    }
}
