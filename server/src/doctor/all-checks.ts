import type { Check } from './check.ts';
import { apiCheck } from './checks/api.ts';
import { bucketPrivateCheck } from './checks/bucket-private.ts';
import { checksumFieldCheck } from './checks/checksum-field.ts';
import { clockCheck } from './checks/clock.ts';
import { conditionalPutCheck } from './checks/conditional-put.ts';
import { configurationCheck } from './checks/configuration.ts';
import { copyCheck } from './checks/copy.ts';
import { corsCheck } from './checks/cors.ts';
import { credentialsCheck } from './checks/credentials.ts';
import { deliveryCacheCheck } from './checks/delivery-cache.ts';
import { imgproxyErrorsCheck } from './checks/imgproxy-errors.ts';
import { imgproxyLimitsCheck } from './checks/imgproxy-limits.ts';
import { imgproxyPictureCheck } from './checks/imgproxy-picture.ts';
import { imgproxyReachableCheck } from './checks/imgproxy-reachable.ts';
import { imgproxySignatureCheck } from './checks/imgproxy-signature.ts';
import { imgproxySourcesCheck } from './checks/imgproxy-sources.ts';
import { lifecycleCheck } from './checks/lifecycle.ts';
import { multipartLeftoversCheck } from './checks/multipart-leftovers.ts';
import { objectPermissionsCheck } from './checks/object-permissions.ts';
import { policyEnforcedCheck } from './checks/policy-enforced.ts';
import { presetsCheck } from './checks/presets.ts';
import { presignedGetCheck } from './checks/presigned-get.ts';
import { publicEndpointCheck } from './checks/public-endpoint.ts';
import { runtimeCheck } from './checks/runtime.ts';
import { storageReachableCheck } from './checks/storage-reachable.ts';
import { unsignedCopySourceCheck } from './checks/unsigned-copy-source.ts';
import { uploadFormCheck } from './checks/upload-form.ts';
import { uploadSizeCheck } from './checks/upload-size.ts';
import { versioningCheck } from './checks/versioning.ts';

/** In the order in which they run: what others need comes first. `docs/doctor.md` describes each. */
export const allChecks: readonly Check[] = [
  configurationCheck,
  runtimeCheck,
  publicEndpointCheck,
  storageReachableCheck,
  clockCheck,
  credentialsCheck,
  objectPermissionsCheck,
  bucketPrivateCheck,
  versioningCheck,
  uploadFormCheck,
  policyEnforcedCheck,
  checksumFieldCheck,
  presignedGetCheck,
  conditionalPutCheck,
  copyCheck,
  unsignedCopySourceCheck,
  corsCheck,
  lifecycleCheck,
  multipartLeftoversCheck,
  uploadSizeCheck,
  imgproxyReachableCheck,
  imgproxySignatureCheck,
  imgproxyPictureCheck,
  imgproxySourcesCheck,
  imgproxyLimitsCheck,
  imgproxyErrorsCheck,
  presetsCheck,
  deliveryCacheCheck,
  apiCheck,
];
