internal import Foundation
internal import SchemaCompiler

/// The schema files that a revision of a git repository has at a directory, read with `git`.
struct GitRevision {
    private let revision: String
    private let directory: String

    init(_ revision: String, directory: String) throws {
        self.revision = revision
        self.directory = directory
        // A revision never begins with '-'; an option of git would.
        if revision.isEmpty || revision.hasPrefix("-") || revision.contains("\0") {
            throw Failure.input("'git:\(revision)' names no revision; write git:main or git:HEAD~1")
        }
    }

    func files() throws -> [SourceFile] {
        guard git(["rev-parse", "--is-inside-work-tree"]) != nil else {
            throw Failure.input(
                "'\(directory)' is not in a git repository (or git is not installed)")
        }
        guard let commit = git(["rev-parse", "--verify", "--quiet", "\(revision)^{commit}"]) else {
            throw Failure.input(
                "git knows no revision '\(revision)' here; fetch it, or check the spelling")
        }
        let hash = String(decoding: commit, as: UTF8.self).trimmingCharacters(in: .newlines)
        guard let listing = git(["ls-tree", "-r", "-z", "--end-of-options", hash, "."]) else {
            throw Failure.input("git cannot list the files of '\(revision)'")
        }
        let files = try entries(listing).map { entry in
            guard let content = git(["cat-file", "blob", entry.blob]) else {
                throw Failure.input("git cannot read '\(entry.path)' of '\(revision)'")
            }
            return SourceFile(path: entry.path, bytes: Array(content))
        }
        if files.isEmpty {
            throw Failure.input("revision '\(revision)' has no .schema file in '\(directory)'")
        }
        return files
    }

    private func entries(_ listing: Data) -> [(blob: String, path: String)] {
        listing.split(separator: 0).compactMap { record in
            // "100644 blob HASH<tab>path"
            let parts = String(decoding: record, as: UTF8.self).split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, parts[1].hasSuffix(".schema") else { return nil }
            let words = parts[0].split(separator: " ")
            guard words.count == 3, words[1] == "blob" else { return nil }
            return (String(words[2]), String(parts[1]))
        }
    }

    /// What a git command prints in the directory; nil if it fails.
    private func git(_ arguments: [String]) -> Data? {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["git", "-C", directory] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
            let data = try output.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return process.terminationStatus == 0 ? data : nil
        } catch {
            return nil
        }
    }
}
