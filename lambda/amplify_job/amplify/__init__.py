"""Jobs and their logs, what Amplify's answers mean, the site."""
