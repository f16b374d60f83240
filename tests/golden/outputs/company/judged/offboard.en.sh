#!/bin/sh
# sekisho 0.1.0: plan DIGEST
set -eu
export AWS_PAGER=''
account="$(aws sts get-caller-identity --query Account --output text)"
[ "$account" = 111122223333 ] || { echo "this plan is for the account 111122223333, and this is $account" >&2; exit 1; }
aws iam attach-user-policy --cli-input-json '{"UserName": "mei.takahashi", "PolicyArn": "arn:aws:iam::aws:policy/AWSDenyAll"}' > /dev/null
aws iam delete-login-profile --cli-input-json '{"UserName": "mei.takahashi"}' > /dev/null
aws iam update-access-key --cli-input-json '{"UserName": "mei.takahashi", "AccessKeyId": "AKIAMEI000001EXAMPLE", "Status": "Inactive"}' > /dev/null
aws iam remove-user-from-group --cli-input-json '{"GroupName": "Developers", "UserName": "mei.takahashi"}' > /dev/null
aws signin list-sessions --principal-arn arn:aws:iam::111122223333:user/mei.takahashi --status ACTIVE --query 'items[?principalArn=='"'"'arn:aws:iam::111122223333:user/mei.takahashi'"'"'].sessionArn' --output text |
  xargs -r -n 5 aws signin batch-revoke-sessions --principal-arn arn:aws:iam::111122223333:user/mei.takahashi --session-arns
