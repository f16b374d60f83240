// Puts and gets objects in every way of the SDK; prints what came back, by way, as JSON.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  S3Client, PutObjectCommand, GetObjectCommand, HeadObjectCommand, DeleteObjectsCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { createPresignedPost } from "@aws-sdk/s3-presigned-post";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const Bucket = "docs";
const settings = { forcePathStyle: true, maxAttempts: 1 };
const s3 = new S3Client(settings);
// otherwise an address has the checksum of nothing in it: the content is not known yet
const presigning = new S3Client({ ...settings, requestChecksumCalculation: "WHEN_REQUIRED" });
const bytes = (size) => Buffer.alloc(size, "x");
const sha = (body) => createHash("sha256").update(body).digest("hex");

async function stored(Key) {
  const found = await s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  return sha(await found.Body.transformToByteArray());
}

const ways = {
  buffer: (Key, body) => s3.send(new PutObjectCommand({ Bucket, Key, Body: body })),
  text: (Key, body) => s3.send(new PutObjectCommand({ Bucket, Key, Body: body.toString() })),
  // in chunks (aws-chunked), with a checksum behind them
  stream: (Key, body) =>
    s3.send(new PutObjectCommand({
      Bucket, Key, Body: Readable.from(body.length ? [body] : []), ContentLength: body.length,
      ChecksumAlgorithm: "CRC32",
    })),
  sha256: (Key, body) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: body, ChecksumAlgorithm: "SHA256" })),
  parts: (Key, body) => new Upload({ client: s3, params: { Bucket, Key, Body: body } }).done(),
  "presigned PUT": async (Key, body) => {
    const client = body.length ? presigning : s3;
    const url = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key }));
    const answer = await fetch(url, { method: "PUT", body });
    if (!answer.ok) throw new Error(await answer.text());
  },
  "presigned POST": async (Key, body) => {
    const { url, fields } = await createPresignedPost(s3, { Bucket, Key });
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append("file", new Blob([body]), "file");
    const answer = await fetch(url, { method: "POST", body: form });
    if (answer.status !== 204) throw new Error(await answer.text());
  },
};

const answers = {};
for (const size of process.argv.slice(2).map(Number)) {
  const body = bytes(size);
  for (const [way, put] of Object.entries(ways)) {
    const Key = `${way} ${size}`;
    try {
      await put(Key, body);
      const right = (await stored(Key)) === sha(body);
      const { ContentLength } = await s3.send(new HeadObjectCommand({ Bucket, Key }));
      const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }));
      const got = Buffer.from(await (await fetch(url)).arrayBuffer());
      answers[Key] = right && ContentLength === size && sha(got) === sha(body) ? "same" : "differs";
    } catch (error) {
      answers[Key] = `${error.name}: ${error.message}`;
    }
  }
}
const wrong = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "wrong" }));
answers.wrong = String((await fetch(wrong, { method: "PUT", body: bytes(1) })).status);
const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
const Objects = Contents.map(({ Key }) => ({ Key }));
await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
answers.left = String((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount);
console.log(JSON.stringify(answers));
