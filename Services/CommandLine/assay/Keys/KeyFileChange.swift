import Foundation
import GatewayCore

/// A change of a key file that is whole or not there: other runs of this command wait meanwhile, and
/// a gateway reads the old file or the new one.
final class KeyFileChange {
    private let path: String
    private let name: String
    private let folder: Int32
    var keys: APIKeyFileText

    /// Locks the file's folder.
    ///
    /// - Parameter mustExist: Whether a file that is not there is an error.
    init(_ name: String, mustExist: Bool) throws {
        self.name = name
        // A link stays one; what it leads to is changed.
        path = URL(filePath: name).resolvingSymlinksInPath().path(percentEncoded: false)
        let parent = URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        keys = APIKeyFileText(file: name)
        guard folder >= 0 else { throw Complaint("\(parent): \(String(cString: strerror(errno)))") }
        guard flock(folder, LOCK_EX) == 0 else {
            throw Complaint("\(parent) cannot be locked: \(String(cString: strerror(errno)))")
        }
        if FileManager.default.fileExists(atPath: path) {
            keys = try KeyFileChange.read(name)
        } else if mustExist {
            throw Complaint("\(name) is not there; `assay keys create` makes it")
        }
    }

    deinit {
        if folder >= 0 { close(folder) }
    }

    static func read(_ name: String) throws -> APIKeyFileText {
        guard let data = FileManager.default.contents(atPath: name) else {
            throw Complaint("\(name) is not there, or may not be read")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Complaint("\(name) is not UTF-8")
        }
        return try APIKeyFileText(text, file: name)
    }

    /// The entry of an id; a complaint that names near ones if there is none.
    func entry(_ id: String) throws -> APIKeyFile.Entry {
        if let entry = keys[id] { return entry }
        if id.hasPrefix("assay1_") {
            throw Complaint("give the key's id, the 12 characters behind assay1_, never the key")
        }
        throw Complaint("\(name) has no key \(id); `assay keys list --file \(name)` shows them")
    }

    /// Writes the new text beside the file and puts it in its place.
    func write() throws {
        // What is written must be readable before anybody relies on it.
        _ = try APIKeyFile(yaml: keys.text, file: name)
        let partial = "\(path).\(getpid()).partial"
        let mode = mode()
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot be written") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(keys.text.utf8))
            guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0,
                rename(partial, path) == 0
            else { throw failure("cannot be written") }
        } catch {
            unlink(partial)
            throw error
        }
        fsync(folder)
        if !keys.keepsComments {
            StandardError.note("\(name) was written anew; its comments are gone")
        }
    }

    /// Whoever could read the file still can.
    private func mode() -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0o600
    }

    private func failure(_ message: String) -> Complaint {
        Complaint("\(name) \(message): \(String(cString: strerror(errno)))")
    }
}
