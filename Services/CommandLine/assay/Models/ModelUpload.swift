import AssayMessages
import Crypto
import Foundation
import RPC

/// Registers a model file that is too large for one message: in parts.
struct ModelUpload: Sendable {
    /// Larger files are sent so.
    static let smallestBytes = 16 << 20

    private static let partBytes = 1 << 20

    let registry: AssayModelsV1.ModelRegistry.Client
    let options: CallOptions

    /// The request id follows from the content, so that pushing the same file twice registers it once.
    func register(
        model: String, manifest manifestPath: String, artifact path: String
    ) async throws -> AssayModelsV1.Version {
        let manifestBytes = try ModelPush.bytes(manifestPath)
        let manifest = try ModelPush.manifest(manifestBytes, manifestPath)
        let file: Data
        do {
            file = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        } catch {
            throw Complaint("\(path) cannot be read")
        }
        let digest = Array(SHA256.hash(data: file))
        let id = SHA256.hash(data: manifestBytes + digest).prefix(16).map {
            String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }
        let start = AssayModelsV1.UploadStart(
            requestID: "upload-" + id.joined(), model: model, manifest: manifest,
            size: UInt64(file.count), actor: NSUserName())
        return try await registry.uploadVersion(options: options) { requests in
            try await requests.write(.init(piece: .start(start)))
            for offset in stride(from: 0, to: file.count, by: Self.partBytes) {
                let part = file[offset..<min(offset + Self.partBytes, file.count)]
                try await requests.write(.init(piece: .data(Array(part))))
            }
            try await requests.write(.init(piece: .digest(digest)))
        }
    }
}
